"""Signatures of `bundle` and of `model_signing`, the reference of OpenSSF Model Signing, in both directions.

For each curve, and for keys that `bundle key new` and openssl made, one program signs
and the other verifies; then one byte of one file is changed, and the other program
must say so. The same with certificates of a small authority that openssl makes.
What the two need not agree on (an expired certificate, a signature of the reference
in an extracted bundle) is recorded in their own words.

Every disagreement is collected; the last line says how many there are.
"""

import argparse
import dataclasses
import datetime
import importlib.metadata
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/proof/peers.md"
FIXTURE = ROOT / "fixtures/digits"
CURVES = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
# The member in which one byte is changed.
MEMBER = "project/labels.txt"
# Names that sort differently by code points and by path components, names beyond
# ASCII in both normal forms, no content, and what is never signed at the top only.
FILES = {
    "a/b": "below a directory",
    "a-b": "before it by code points, behind it by components",
    "a.b": "the same",
    "empty.bin": "",
    "weights (copy).bin": "weights\n" * 1000,
    "模型/重み.bin": "weights",
    "caf\u00e9.txt": "composed",
    "nai\u0308f.txt": "decomposed",
    ".hidden/.config": "signed",
    "a/.gitattributes": "signed, as it is not at the top",
    ".gitattributes": "never signed",
}


class Disagreement(Exception):
    """A program did not do what the proof demands."""


@dataclasses.dataclass
class Done:
    """A command as a person would type it, its exit code, and what it said."""

    command: str
    code: int
    said: str

    def demand(self, code, *words):
        """This exit code and these words, or it is a disagreement."""
        missing = [word for word in words if word.lower() not in self.said.lower()]
        if self.code != code or missing:
            wanted = f"exit {code}" + "".join(f", `{word}`" for word in words)
            raise Disagreement(f"{self.command}\n    wanted {wanted}; exit {self.code}:\n{indented(self.said)}")
        return self

    def verdict(self):
        return f"exit {self.code}"


class Place:
    """A directory of this run and the programs in it. Their texts name no path above it."""

    def __init__(self, work, bundle):
        self.work, self.bundle_binary = work, bundle
        self.environment = {
            **os.environ,
            "BUNDLE_CONFIG_DIR": str(work / "config"),
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
            "PYTHONWARNINGS": "ignore",
        }

    def bundle(self, *arguments):
        return self.run("bundle", [self.bundle_binary], arguments)

    def model_signing(self, *arguments):
        return self.run("model_signing", [sys.executable, "-m", "model_signing"], arguments)

    def openssl(self, *arguments):
        return self.run("openssl", ["openssl"], arguments).demand(0)

    def run(self, name, program, arguments):
        arguments = [str(argument) for argument in arguments]
        done = subprocess.run(
            [*map(str, program), *arguments], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", timeout=600,
        )
        return Done(self.plain(" ".join([name, *arguments])), done.returncode, self.plain(done.stdout).strip())

    def plain(self, text):
        return text.replace(f"{self.work}/", "").replace(str(self.work), ".").replace(f"{ROOT}/", "")

    def directory(self, name):
        path = self.work / name
        path.mkdir(parents=True)
        return path


@dataclasses.dataclass(frozen=True)
class Key:
    """A private key, its public half, and who made it. `named` is what `--key` is given."""

    label: str
    curve: str
    maker: str
    named: str
    private: pathlib.Path
    public: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Row:
    """The verifier's exit codes as signed, and after one byte was changed."""

    what: str
    key: str
    signer: str
    verifier: str
    good: str
    changed: str


def indented(text):
    return "\n".join(f"        {line}" for line in (text or "(it said nothing)").splitlines())


# Keys


def key_of_bundle(place, curve):
    name = curve.lower()
    place.bundle("key", "new", name, "--curve", curve).demand(0)
    keys = place.work / "config/keys"
    for path in (keys / f"{name}.pem", keys / f"{name}.pub"):
        if not path.is_file():
            raise Disagreement(f"`bundle key new {name}` did not write {place.plain(str(path))}")
    return Key(f"{curve}-new", curve, "bundle key new", name, keys / f"{name}.pem", keys / f"{name}.pub")


def keys_of_openssl(place, curve):
    """The two ways in which OpenSSL writes a private key."""
    for form, begins in (("SEC1", "BEGIN EC PRIVATE KEY"), ("PKCS#8", "BEGIN PRIVATE KEY")):
        label = f"{curve}-{form.replace('#', '')}"
        private, public = place.work / f"{label}.pem", place.work / f"{label}.pub"
        if form == "SEC1":
            place.openssl("ecparam", "-name", CURVES[curve], "-genkey", "-noout", "-out", private)
        else:
            place.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", private)
        if begins not in private.read_text():
            raise Disagreement(f"openssl wrote no {form} key: {private.read_text().splitlines()[0]}")
        private.chmod(0o600)
        place.openssl("pkey", "-in", private, "-pubout", "-out", public)
        yield Key(label, curve, f"openssl, {form}", str(private), private, public)


# Cases


def change(path):
    """Changes the first byte of a file."""
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


def extracted(place, packed, name):
    """The directory into which a bundle is extracted."""
    parent = place.directory(name)
    place.bundle("extract", packed, "-C", parent).demand(0)
    trees = sorted(parent.iterdir())
    if len(trees) != 1 or not (trees[0] / "bundle.sig").is_file():
        raise Disagreement(f"`bundle extract` made {[tree.name for tree in trees]}, no directory with a bundle.sig")
    return trees[0]


def plain_tree(place, name):
    """A directory that is no bundle."""
    tree = place.directory(name)
    for path, text in FILES.items():
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    return tree


def reference_verifies(place, what, key, tree, signature, changed, *how):
    """The reference accepts a tree as it was signed, and not with one byte changed."""
    verify = ("verify", *how[:1], tree, "--signature", signature, *how[1:])
    good = place.model_signing(*verify).demand(0, "Verification succeeded")
    change(tree / changed)
    bad = place.model_signing(*verify).demand(1, "Verification failed", "mismatch")
    return Row(what, key, "bundle", "model_signing", good.verdict(), bad.verdict())


def bundle_verifies(place, what, key, tree, signature, changed, *how):
    """The same with the roles exchanged."""
    verify = ("verify", tree, "--signature", signature, *how)
    good = place.bundle(*verify).demand(0)
    change(tree / changed)
    bad = place.bundle(*verify).demand(1, changed)
    return Row(what, key, "model_signing", "bundle", good.verdict(), bad.verdict())


def packed_case(place, key):
    """`bundle pack` signs; the reference verifies what `bundle extract` unpacks."""
    packed = place.work / f"{key.label}.bundle.tar.zst"
    place.bundle("pack", FIXTURE, "-o", packed, "--key", key.named).demand(0)
    place.bundle("verify", packed, "--key", key.public).demand(0)
    tree = extracted(place, packed, f"{key.label}-extracted")
    how = ("key", "--public_key", key.public)
    return reference_verifies(place, f"bundle, {key.curve}", key.maker, tree, tree / "bundle.sig", MEMBER, *how)


def signed_directory_case(place, key):
    """`bundle sign` signs a directory; the reference verifies it."""
    tree, signature = plain_tree(place, f"{key.label}-ours"), place.work / f"{key.label}-ours.sig"
    place.bundle("sign", tree, "--signature", signature, "--key", key.private).demand(0)
    how = ("key", "--public_key", key.public)
    return reference_verifies(place, f"directory, {key.curve}", key.maker, tree, signature, "a/b", *how)


def foreign_directory_case(place, key):
    """The reference signs a directory; `bundle verify` verifies it."""
    tree, signature = plain_tree(place, f"{key.label}-theirs"), place.work / f"{key.label}-theirs.sig"
    place.model_signing("sign", "key", tree, "--private_key", key.private, "--signature", signature).demand(0)
    how = ("--key", key.public)
    return bundle_verifies(place, f"directory, {key.curve}", key.maker, tree, signature, "a/b", *how)


# Certificates

AUTHORITY = """
[ca]
default_ca = here
[here]
database = {name}/index.txt
new_certs_dir = {name}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
ROOT_KEYS = {
    "ECDSA": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "RSA": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
}
LEAF_KEY = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
LEAF = "certificate, P-256"
# Of a root and what it vouches for; of a leaf that has expired.
VALID, EXPIRED = ("20190101000000Z", "20490101000000Z"), ("20200101000000Z", "20200201000000Z")


class Authority:
    """A root, an intermediate authority, a leaf that is valid and one that has expired."""

    def __init__(self, place, kind):
        self.place, self.kind, self.home = place, kind, place.directory(f"authority-{kind}")
        (self.home / "index.txt").touch()
        (self.home / "openssl.cnf").write_text(AUTHORITY.format(name=self.home))
        self.root = self.issue("root", ROOT_KEYS[kind], None, VALID)
        self.intermediate = self.issue("intermediate", ROOT_KEYS[kind], "root", VALID)
        self.leaf = self.issue("leaf", LEAF_KEY, "intermediate", VALID)
        self.expired = self.issue("expired", LEAF_KEY, "intermediate", EXPIRED)

    def key(self, name):
        return self.home / f"{name}.key"

    def issue(self, name, algorithm, issuer, validity):
        """A key and its certificate; without an issuer it signs itself."""
        key, request, certificate = self.key(name), self.home / f"{name}.csr", self.home / f"{name}.pem"
        config = self.home / "openssl.cnf"
        self.place.openssl("genpkey", *algorithm, "-out", key)
        key.chmod(0o600)
        self.place.openssl("req", "-new", "-key", key, "-subj", f"/CN={self.kind} {name}", "-out", request, "-config", config)
        sign = ["ca", "-batch", "-notext", "-config", config, "-in", request, "-out", certificate]
        sign += ["-startdate", validity[0], "-enddate", validity[1]]
        sign += ["-extensions", "leaf" if name == "expired" else name]
        if issuer is None:
            sign += ["-selfsign", "-keyfile", key]
        else:
            sign += ["-cert", self.home / f"{issuer}.pem", "-keyfile", self.key(issuer)]
        self.place.openssl(*sign)
        return certificate

    def sign_bundle(self, name, output):
        """`bundle sign` with the certificate of this name."""
        unsigned = self.place.work / "unsigned.bundle.tar.zst"
        if not unsigned.exists():
            self.place.bundle("pack", FIXTURE, "-o", unsigned, "--unsigned").demand(0)
            self.place.bundle("verify", unsigned).demand(1, "unsigned")
        chain = ["--certificate", self.home / f"{name}.pem", "--chain", self.intermediate]
        self.place.bundle("sign", unsigned, "--key", self.key(name), *chain, "-o", output).demand(0)

    def sign_directory(self, name, tree, signature):
        """`model_signing sign certificate` with the certificate of this name."""
        chain = ["--signing_certificate", self.home / f"{name}.pem", "--certificate_chain", self.intermediate]
        how = ["--private_key", self.key(name), *chain, "--signature", signature]
        self.place.model_signing("sign", "certificate", tree, *how).demand(0)


def certified_bundle_case(place, authority):
    packed = place.work / f"{authority.kind}.bundle.tar.zst"
    authority.sign_bundle("leaf", packed)
    place.bundle("verify", packed, "--root", authority.root).demand(0)
    tree = extracted(place, packed, f"{authority.kind}-extracted")
    how = ("certificate", "--certificate_chain", authority.root)
    return reference_verifies(place, f"bundle, {authority.kind} root", LEAF, tree, tree / "bundle.sig", MEMBER, *how)


def certified_directory_case(place, authority, other):
    """… and it is nobody's whom the other root vouches for."""
    tree, signature = plain_tree(place, f"{authority.kind}-theirs"), place.work / f"{authority.kind}-theirs.sig"
    authority.sign_directory("leaf", tree, signature)
    place.bundle("verify", tree, "--signature", signature, "--root", other.root).demand(1, "unknown", "none of those you named")
    how = ("--root", authority.root)
    return bundle_verifies(place, f"directory, {authority.kind} root", LEAF, tree, signature, "a/b", *how)


def expired_bundle_case(place, authority):
    packed = place.work / f"{authority.kind}-expired.bundle.tar.zst"
    authority.sign_bundle("expired", packed)
    ours = place.bundle("verify", packed, "--root", authority.root).demand(2, "expired")
    tree = extracted(place, packed, f"{authority.kind}-expired-extracted")
    how = ("--signature", tree / "bundle.sig", "--certificate_chain", authority.root)
    return [ours, place.model_signing("verify", "certificate", tree, *how)]


def expired_directory_case(place, authority):
    tree, signature = plain_tree(place, f"{authority.kind}-expired"), place.work / f"{authority.kind}-expired.sig"
    authority.sign_directory("expired", tree, signature)
    ours = place.bundle("verify", tree, "--signature", signature, "--root", authority.root).demand(2, "expired")
    how = ("--signature", signature, "--certificate_chain", authority.root)
    return [ours, place.model_signing("verify", "certificate", tree, *how)]


def replaced_signature_case(place, key, name, more):
    """An extracted bundle whose signature the reference made again, which knows nothing of bundles."""
    project = place.work / f"{name}-project"
    shutil.copytree(FIXTURE, project)
    for path in more:
        (project / path).write_text("between a directory and its files by code points\n")
    packed = place.work / f"{name}.bundle.tar.zst"
    place.bundle("pack", project, "-o", packed, "--key", key.named).demand(0)
    tree = extracted(place, packed, name)
    signature = tree / "bundle.sig"
    signature.unlink()
    place.model_signing("sign", "key", tree, "--private_key", key.private, "--signature", signature).demand(0)
    return [place.bundle("verify", tree), place.bundle("verify", tree, "--key", key.public)]


# The run


class Findings:
    """Rows, records in the programs' own words, and disagreements."""

    def __init__(self):
        self.rows, self.records, self.failures = [], [], []

    def attempt(self, title, case, *arguments):
        """Runs a case; what it returns, or nothing when the programs disagreed."""
        try:
            found = case(*arguments)
        except (Disagreement, OSError, subprocess.SubprocessError) as error:
            self.failures.append(f"{title}: {error}")
            print(f"    {title}: FAILED\n{indented(str(error))}", flush=True)
            return None
        if isinstance(found, Row):
            self.rows.append(found)
            print(f"    {found.what} ({found.key}): {found.signer} → {found.verifier}: {found.good}, a byte changed: {found.changed}", flush=True)
        return found

    def record(self, title, case, *arguments):
        for done in self.attempt(title, case, *arguments) or []:
            self.records.append((title, done))
            print(f"    {title}: `{done.command}` says (exit {done.code}):\n{indented(done.said)}", flush=True)


def key_cases(place, findings, curve):
    """All that is signed with keys of a curve; the keys."""
    made = findings.attempt(f"{curve}, bundle key new", key_of_bundle, place, curve)
    keys = [made] if made else []
    keys += findings.attempt(f"{curve}, openssl", lambda: list(keys_of_openssl(place, curve))) or []
    for key in keys:
        for case in (packed_case, signed_directory_case, foreign_directory_case):
            findings.attempt(f"{key.curve} ({key.maker}), {case.__name__}", case, place, key)
    return keys


def certificate_cases(place, findings):
    made = [findings.attempt(f"{kind} authority", Authority, place, kind) for kind in ROOT_KEYS]
    if None in made:
        return
    for authority, other in (made, made[::-1]):
        kind = authority.kind
        findings.attempt(f"{kind} root, certified_bundle_case", certified_bundle_case, place, authority)
        findings.attempt(f"{kind} root, certified_directory_case", certified_directory_case, place, authority, other)
        findings.record(f"an expired leaf, {kind} root, bundle", expired_bundle_case, place, authority)
        findings.record(f"an expired leaf, {kind} root, directory", expired_directory_case, place, authority)


def all_cases(place, findings, smoke):
    """Every case of this run."""
    curves = list(CURVES)[:1] if smoke else list(CURVES)
    keys = [key for curve in curves for key in key_cases(place, findings, curve)]
    if smoke:
        return
    certificate_cases(place, findings)
    # A key of openssl's: those of `bundle key new` are trusted as one's own.
    for key in [key for key in keys if key.maker.startswith("openssl")][:1]:
        title = "signed again by the reference"
        findings.record(title, replaced_signature_case, place, key, "again", [])
        findings.record(f"{title}, with names that sort differently", replaced_signature_case, place, key, "sorted", ["results-old.txt"])


def expected_rows(smoke):
    """Three keys in three cases for each curve, and two cases for each root."""
    return 9 if smoke else 9 * len(CURVES) + 2 * len(ROOT_KEYS)


def table(rows):
    """One line for the keys of a curve with which the same happened."""
    together = {}
    for row in rows:
        together.setdefault(dataclasses.replace(row, key=""), []).append(row.key)
    for row, keys in together.items():
        yield f"| {row.what} | {'; '.join(keys)} | {row.signer} | {row.verifier} | {row.good} | {row.changed} |"


def write_page(place, findings):
    packages = ("model-signing", "pyOpenSSL", "cryptography")
    versions = [place.bundle("--version").said, *(f"{name} {importlib.metadata.version(name)}" for name in packages)]
    versions += [place.openssl("version").said.partition(" (")[0], f"Python {platform.python_version()}"]
    lines = [
        "# Signatures beside the reference",
        "",
        "`cargo xtask prove peers`: `bundle` and `model_signing`, the reference of OpenSSF Model Signing, verify what the other signed.",
        "A *bundle* is `fixtures/digits`, packed, signed and extracted by `bundle`; one byte of a member is changed afterwards.",
        f"A *directory* has {len(FILES)} files, among them `a/b` and `a-b`, which the two programs sort differently, names beyond ASCII and an empty file.",
        "Certificates are of an authority that openssl makes: a root, an intermediate authority, a leaf on P-256.",
        "",
        f"{datetime.date.today()}, {platform.machine()}: {'; '.join(versions)}.",
        "",
        "| what | keys | signed by | verified by | as signed | a byte changed |",
        "|---|---|---|---|---|---|",
        *table(findings.rows),
        "",
        "With `--root` of the other authority `bundle verify` says `unknown` and exits with 1.",
        "",
        "## Where the two differ",
        "",
        "`bundle` must say that a certificate is expired and exit with 2; the rest is recorded, not demanded.",
        "The reference asks whether a certificate was valid when it began to be valid, not whether it is today.",
        "It sorts the files of a directory by the parts of their paths, the specification and `bundle` by code points;",
        "so a bundle that it signed again, after `bundle extract`, has another root where the two orders differ.",
        "",
    ]
    for title in dict.fromkeys(title for title, _ in findings.records):
        lines += [f"{title[0].upper()}{title[1:]}:", "", "```console"]
        for done in (done for other, done in findings.records if other == title):
            lines += [f"$ {done.command}", *done.said.splitlines(), f"(exit {done.code})"]
        lines += ["```", ""]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", required=True, type=pathlib.Path, help="the bundle binary")
    parser.add_argument("--smoke", action="store_true", help="P-256 and no certificates; write nothing")
    arguments = parser.parse_args()
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="bundle-peers-") as work:
        place = Place(pathlib.Path(work).resolve(), arguments.bundle.resolve())
        all_cases(place, findings, arguments.smoke)
        wanted = expected_rows(arguments.smoke)
        if not findings.failures and len(findings.rows) != wanted:
            findings.failures.append(f"{len(findings.rows)} of {wanted} cases ran")
        if not findings.failures and not arguments.smoke:
            write_page(place, findings)
    print(f"{len(findings.rows)} passed, {len(findings.failures)} failed")
    if findings.failures:
        sys.exit("\n".join(["", "the programs disagree:", *findings.failures]))


if __name__ == "__main__":
    main()
