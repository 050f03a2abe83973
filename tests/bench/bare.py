"""The cryptographic calls of a run with their inputs, on pow, hmac, hashlib and the library alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives.ciphers import Cipher, modes

from explorer.crypto import (
    ecdsa,
    ecdsa_signature,
    key_exchange_ecp,
    key_exchange_ml_kem,
    key_exchange_montgomery,
    ml_kem,
    rsa_encryption,
    rsa_signature,
)
from explorer.crypto.algorithms import MD5, SHA1, SHA2_256, SHA2_384, SHA2_512, CbcCipher, HashFunction
from explorer.crypto.cipher_modes import Ccm, ChaCha20Poly1305Mode, Counter, Gcm
from explorer.crypto.groups import ModpGroup
from explorer.crypto.prfs import IntegrityFunction, PrfFunction
from explorer.crypto.rsa import RsaPrivateKey

Calls = list[partial[Any]]


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()


def _hmac(key: bytes, data: bytes, name: str) -> bytes:
    return hmac.digest(key, data, name)


def _encrypt(algorithm: Callable[[bytes], Any], key: bytes, iv: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithm(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _decrypt(algorithm: Callable[[bytes], Any], key: bytes, iv: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithm(key), modes.CBC(iv)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def bare_calls(work: Callable[[], object]) -> Calls:
    """What ``work`` computes, recorded while it does."""
    calls: Calls = []
    with ExitStack() as stack:
        for patching in (_symmetric(calls), _public_keys(calls), _macs(calls), _library(calls)):
            stack.enter_context(patching)
        work()
    return calls


@contextmanager
def _symmetric(calls: Calls) -> Iterator[None]:
    def power(group: ModpGroup, base: int, exponent: int) -> bytes:
        calls.append(partial(pow, base, exponent, group.prime))
        return real_power(group, base, exponent)

    def digest(function: HashFunction, data: bytes) -> bytes:
        calls.append(partial(_hash, function.name, data))
        return real_digest(function, data)

    def mac(function: HashFunction, key: bytes, data: bytes) -> bytes:
        calls.append(partial(_hmac, key, data, function.name))
        return real_mac(function, key, data)

    def encrypt(cipher: CbcCipher, key: bytes, iv: bytes, data: bytes) -> bytes:
        calls.append(partial(_encrypt, cipher.algorithm, key, iv, data))
        return real_encrypt(cipher, key, iv, data)

    def decrypt(cipher: CbcCipher, key: bytes, iv: bytes, data: bytes) -> bytes:
        calls.append(partial(_decrypt, cipher.algorithm, key, iv, data))
        return real_decrypt(cipher, key, iv, data)

    real_power, real_digest, real_mac = ModpGroup.power, HashFunction.digest, HashFunction.hmac
    real_encrypt, real_decrypt = CbcCipher.encrypt, CbcCipher.decrypt
    with patch.object(ModpGroup, "power", power), patch.object(HashFunction, "digest", digest), \
            patch.object(HashFunction, "hmac", mac), patch.object(CbcCipher, "encrypt", encrypt), \
            patch.object(CbcCipher, "decrypt", decrypt):
        yield


@contextmanager
def _public_keys(calls: Calls) -> Iterator[None]:
    """A power with a private or public exponent, and what the library signs and verifies on a curve."""

    def private(key: RsaPrivateKey, c: int) -> int:
        calls.append(partial(real_private, key, c))
        return real_private(key, c)

    def public(base: int, exponent: int, modulus: int) -> int:
        calls.append(partial(pow, base, exponent, modulus))
        return pow(base, exponent, modulus)

    def sign(self: rsa_signature.RsaSign, *given: Any) -> None:
        calls.append(partial(real_rsa_sign, object.__new__(rsa_signature.RsaSign), *given))
        real_rsa_sign(self, *given)

    def sign_on_curve(self: ecdsa_signature.EcdsaSign, *given: Any, **named: Any) -> None:
        calls.append(partial(real_ecdsa_sign, object.__new__(ecdsa_signature.EcdsaSign), *given, **named))
        real_ecdsa_sign(self, *given, **named)

    def verify(*given: Any, **named: Any) -> bool:
        calls.append(partial(real_verify, *given, **named))
        return real_verify(*given, **named)

    real_private, real_verify = RsaPrivateKey.power, ecdsa.ecdsa_verifies
    real_rsa_sign, real_ecdsa_sign = rsa_signature.RsaSign.__init__, ecdsa_signature.EcdsaSign.__init__
    with patch.object(RsaPrivateKey, "power", private), patch.object(rsa_signature, "pow", public, create=True), \
            patch.object(rsa_encryption, "pow", public, create=True), \
            patch.object(rsa_signature.RsaSign, "__init__", sign), \
            patch.object(ecdsa_signature.EcdsaSign, "__init__", sign_on_curve), \
            patch("explorer.protocols.ikev1.signatures.ecdsa_verifies", verify), \
            patch("explorer.protocols.ikev2.signature.ecdsa_verifies", verify):
        yield


_HASHES = {f"HMAC-{function.label.replace('SHA-1', 'SHA1')}": function.name
           for function in (MD5, SHA1, SHA2_256, SHA2_384, SHA2_512)}


@contextmanager
def _macs(calls: Calls) -> Iterator[None]:
    """IKEv2's prfs and integrity algorithms; those made of AES come down to CBC, which is recorded by itself."""

    def of(real: Callable[[Any, bytes, bytes], bytes]) -> Callable[[Any, bytes, bytes], bytes]:
        def mac(function: Any, key: bytes, data: bytes) -> bytes:
            name = next((name for label, name in _HASHES.items() if function.label.startswith(label)), None)
            if name is not None:
                calls.append(partial(_hmac, key, data, name))
            return real(function, key, data)

        return mac

    with patch.object(PrfFunction, "mac", of(PrfFunction.mac)), \
            patch.object(IntegrityFunction, "mac", of(IntegrityFunction.mac)):
        yield


_IN_THE_LIBRARY: tuple[tuple[Any, str], ...] = (
    (key_exchange_montgomery, "_multiply"),
    (key_exchange_ecp, "private_key"),
    (key_exchange_ecp, "_own"),
    (key_exchange_ecp, "_agreed"),
    (key_exchange_ml_kem, "_encapsulation_key"),
    (key_exchange_ml_kem, "_decapsulated"),
    (ml_kem, "encapsulate"),
    (ml_kem, "encapsulated_secret"),
    *((mode, name) for mode in (Counter, Gcm, Ccm, ChaCha20Poly1305Mode) for name in ("seal", "open")),
)
"""Functions that are one call of the library, or, where it cannot encapsulate, all of the cryptography themselves."""


@contextmanager
def _library(calls: Calls) -> Iterator[None]:
    def recorded(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            calls.append(partial(real, *given, **named))
            return real(*given, **named)

        return call

    with ExitStack() as stack:
        for place, name in _IN_THE_LIBRARY:
            stack.enter_context(patch.object(place, name, recorded(getattr(place, name))))
        yield
