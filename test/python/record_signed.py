"""Makes throw-away keys and certificates, and records bodies that Celery signs with them (serializer `auth`).

    python record_signed.py ../fixtures/security

`odd` is a certificate with an issuer of many kinds of attributes; `expired` and `stranger` are not in the store.
"""
import datetime
import json
import pathlib
import sys

from celery.security.certificate import Certificate
from celery.security.key import PrivateKey
from celery.security.serialization import SecureSerializer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from kombu.utils.json import dumps as dump_json

PASSWORD = b"throw-away"
folder = pathlib.Path(sys.argv[1])
utc = datetime.timezone.utc
START, FAR = datetime.datetime(2020, 1, 1, tzinfo=utc), datetime.datetime(2120, 1, 1, tzinfo=utc)


def attribute(oid, value):
    return x509.NameAttribute(oid, value)


def named(common_name):
    return x509.Name([attribute(NameOID.COMMON_NAME, common_name)])


ODD = x509.Name([
    x509.RelativeDistinguishedName([attribute(NameOID.DOMAIN_COMPONENT, "example")]),
    x509.RelativeDistinguishedName([
        attribute(NameOID.ORGANIZATION_NAME, 'Müller, Söhne + Töchter "AG"'),
        attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "a=b\\c;<d>"),
    ]),
    x509.RelativeDistinguishedName([attribute(NameOID.DOMAIN_COMPONENT, "com")]),
    x509.RelativeDistinguishedName([attribute(NameOID.COMMON_NAME, "# \ttasks 签名 ")]),
    x509.RelativeDistinguishedName([attribute(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), "of its own")]),
])


def make(name, key=None, issuer=None, expires=FAR, password=None, store=False):
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer = issuer or named(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named(name)).issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START).not_valid_after(expires)
        .sign(key, hashes.SHA256())
    )
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()
    (folder / f"{name}.key").write_text(pem)
    path = folder / "store" / f"{name}.pem" if store else folder / f"{name}.pem"
    path.parent.mkdir(exist_ok=True)
    text = certificate.public_bytes(serialization.Encoding.PEM).decode()
    path.write_text(text)
    return None if isinstance(key, ec.EllipticCurvePrivateKey) else (PrivateKey(pem, password), Certificate(text))


signer = make("signer", password=PASSWORD, store=True)
odd = make("odd", issuer=ODD, store=True)
expired = make("expired", expires=datetime.datetime(2021, 1, 1, tzinfo=utc))
stranger = make("stranger")
make("elliptic", key=ec.generate_private_key(ec.SECP256R1()))

content = ([1, "é\u0000\u0001", None, {"a": [1.5, True]}], {"k": []}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None})


def record(name, pair, digest="sha256", serializer="json"):
    key, certificate = pair
    body = SecureSerializer(key, certificate, digest=digest, serializer=serializer).serialize(content)
    return {"name": name, "signer": certificate.get_id(), "digest": digest, "body": body, "json": dump_json(content)}


digests = [
    "sha256", "sha224", "sha384", "sha512", "sha512_224", "sha512_256", "sha3_224", "sha3_256", "sha3_384", "sha3_512",
]
bodies = [record(digest, signer, digest) for digest in digests]
bodies += [record(serializer, signer, serializer=serializer) for serializer in ("yaml", "msgpack", "pickle")]
bodies += [record("odd", odd), record("expired", expired), record("stranger", stranger)]
(folder / "bodies.json").write_text(json.dumps(bodies, indent=1) + "\n")
