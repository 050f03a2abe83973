from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from explorer.content import content_folder
from explorer.crypto.certificate import check_chain
from explorer.crypto.ecdsa import EcdsaKey, EcdsaPrivateKey
from explorer.crypto.ed25519 import Ed25519Key, Ed25519PrivateKey
from explorer.crypto.rsa import RsaKey, RsaPrivateKey
from explorer.errors import ExplorerError
from explorer.lab.credentials import (
    load_authority,
    load_certificate,
    load_credential,
    shipped_authorities,
    shipped_credentials,
)

SHIPPED = content_folder() / "credentials"
LAB_TIME = dt.datetime(1998, 11, 1, tzinfo=dt.UTC).timestamp()
TODAY = dt.datetime.now(dt.UTC).timestamp()


def complaint(name: str, folder: Path | None = None) -> str:
    with pytest.raises(ExplorerError) as caught:
        load_credential(name, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_shipped() -> None:
    peers = [f"{role}-{kind}" for role in ("initiator", "responder") for kind in ("ecdsa", "ed25519", "rsa")]
    assert shipped_credentials() == [*peers, "stranger-rsa"]
    assert shipped_authorities() == ["lab-ca", "lab-ca-ed25519", "other-ca"]


@pytest.mark.parametrize("name", [name for name in shipped_credentials() if not name.startswith("stranger")])
def test_peers_of_the_lab_are_believed_in_1998_and_today(name: str) -> None:
    certificate, key = load_credential(name)
    host = name.partition("-")[0] + ".lab.example"
    assert certificate.names == (host,)
    assert certificate.subject_text == f"CN={host},O=IKE Explorer"
    assert key.public == certificate.public_key
    mine, another = ("lab-ca-ed25519", "lab-ca") if name.endswith("ed25519") else ("lab-ca", "lab-ca-ed25519")
    for now in (LAB_TIME, TODAY):
        assert check_chain(certificate, [load_authority(mine)], now) == ""
        assert check_chain(certificate, [load_authority("other-ca"), load_authority(another)], now) != ""


def test_keys_are_of_the_kind_that_the_name_says() -> None:
    assert isinstance(load_credential("initiator-rsa")[1], RsaPrivateKey)
    assert isinstance(load_credential("initiator-ecdsa")[1], EcdsaPrivateKey)
    assert isinstance(load_certificate("responder-rsa").public_key, RsaKey)
    assert isinstance(load_certificate("responder-ecdsa").public_key, EcdsaKey)
    assert isinstance(load_credential("initiator-ed25519")[1], Ed25519PrivateKey)
    assert isinstance(load_certificate("responder-ed25519").public_key, Ed25519Key)
    assert isinstance(load_authority("lab-ca-ed25519").public_key, Ed25519Key)


def test_the_stranger_says_that_it_is_the_responder() -> None:
    stranger, _ = load_credential("stranger-rsa")
    assert stranger.subject == load_certificate("responder-rsa").subject
    assert stranger.names == ("responder.lab.example",)
    reason = "is not signed by any authority that this side trusts"
    assert check_chain(stranger, [load_authority("lab-ca")], LAB_TIME) == reason
    assert check_chain(stranger, [load_authority("other-ca")], LAB_TIME) == ""


def test_private_keys_of_authorities_are_not_shipped() -> None:
    assert not [name for name in shipped_authorities() if (SHIPPED / f"{name}.key").exists()]
    assert "Every private key in this folder is public." in (SHIPPED / "README.md").read_text(encoding="utf-8")


def test_files_of_ones_own_are_found_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix in (".pem", ".key"):
        shutil.copy(SHIPPED / f"initiator-rsa{suffix}", tmp_path / f"mine{suffix}")
    certificate, _ = load_credential(str(tmp_path / "mine.pem"))
    assert certificate == load_certificate("initiator-rsa")
    assert load_credential("mine.pem", tmp_path)[0] == certificate
    monkeypatch.chdir(tmp_path)
    assert load_certificate("mine.pem") == certificate
    shutil.copy(SHIPPED / "lab-ca.pem", tmp_path / "root.pem")
    assert load_authority("root.pem", tmp_path) == load_authority("lab-ca")


def test_unknown_names_are_told_with_what_there_is() -> None:
    assert complaint("nobody") == (
        "'nobody': expected one of initiator-ecdsa, initiator-ed25519, initiator-rsa, responder-ecdsa, "
        "responder-ed25519, responder-rsa, stranger-rsa, or the path of a .pem file"
    )
    with pytest.raises(ExplorerError, match=r"^'nobody': expected one of lab-ca, lab-ca-ed25519, other-ca, or"):
        load_authority("nobody")


def test_missing_and_bad_files_are_named(tmp_path: Path) -> None:
    pem, key = tmp_path / "mine.pem", tmp_path / "mine.key"
    assert complaint("mine.pem", tmp_path) == f"{pem}: cannot be read: No such file or directory"
    pem.write_bytes(b"garbage")
    assert complaint(str(pem)) == f"{pem}: expected an X.509 certificate in PEM"
    shutil.copy(SHIPPED / "initiator-rsa.pem", pem)
    assert complaint(str(pem)) == f"{key}: cannot be read: No such file or directory"
    key.write_bytes(b"garbage")
    assert complaint(str(pem)) == f"{key}: expected a private key in PEM that is not encrypted"
    for name in ("a\0b.pem", "a\nb.pem", ""):
        assert complaint(name, tmp_path).startswith(f"{name!r}: expected one of ")


def test_a_key_of_somebody_else_is_refused(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "initiator-rsa.pem", tmp_path / "mine.pem")
    for other in ("responder-rsa", "initiator-ecdsa", "initiator-ed25519"):
        shutil.copy(SHIPPED / f"{other}.key", tmp_path / "mine.key")
        said = "expected the private key that belongs to mine.pem, and this is another"
        assert complaint("mine.pem", tmp_path) == f"{tmp_path / 'mine.key'}: {said}"


def test_a_peer_is_no_authority() -> None:
    path = SHIPPED / "initiator-rsa.pem"
    with pytest.raises(ExplorerError, match="expected the certificate of an authority, one that may sign others"):
        load_authority(str(path))
