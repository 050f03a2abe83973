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

from explorer.crypto import ecdsa, ecdsa_signature, rsa_encryption, rsa_signature
from explorer.crypto.algorithms import CbcCipher, HashFunction
from explorer.crypto.groups import ModpGroup
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
        for patching in (_symmetric(calls), _public_keys(calls)):
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
            patch("explorer.protocols.ikev1.signatures.ecdsa_verifies", verify):
        yield
