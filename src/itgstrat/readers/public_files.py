"""Public files by name: which addresses are behind ``xena:BRCA`` or ``geo:GSE14520``."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from itgstrat.errors import InputError, name_some
from itgstrat.readers.tables import read_clinical


@dataclass(frozen=True)
class PublicFile:
    """One file to download.

    Parameters
    ----------
    url : str
        Where it is.
    save : str
        Path below the cache folder.
    checksum : str or None
        ``sha256`` in hex, or ``md5:...``; None where it is not published.
    alternative : PublicFile or None
        What to take where the server does not have this one.
    """

    url: str
    save: str
    checksum: str | None = None
    alternative: "PublicFile | None" = None


@dataclass(frozen=True)
class Source:
    """A portal, and what it has by name.

    Parameters
    ----------
    prefix : str
        What stands before the colon.
    about, terms, example : str
        What one gets, under which terms, and a name.
    id : str
        Pattern of what stands behind the colon.
    base : str
        Address of the portal.
    files : tuple of dict
        Templates of the files.
    names : str
        Address that tells the name and checksum of a file, where the portal names files by id.
    platforms : bool
        Whether the platform tables of the downloaded series are wanted too.
    """

    prefix: str
    about: str
    terms: str
    example: str
    id: str
    base: str
    files: tuple[dict[str, Any], ...]
    names: str = ""
    platforms: bool = False


@cache
def load_sources() -> tuple[Source, ...]:
    """Load the packaged list of sources.

    Returns
    -------
    tuple of Source
        In the order of the list.

    Raises
    ------
    InputError
        If the packaged list is damaged.

    Examples
    --------
    >>> sorted({source.prefix for source in load_sources()})
    ['cbioportal', 'gdc', 'geo', 'tcga-cdr', 'xena']
    """
    resource = files("itgstrat.readers").joinpath("data", "public_files.yaml")
    try:
        listed = yaml.safe_load(resource.read_bytes())["sources"]
        return tuple(Source(**{**entry, "files": tuple(entry["files"])}) for entry in listed)
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise InputError(f"packaged list of public files cannot be read ({error}); reinstall itgstrat") from error


def find_source(name: str) -> tuple[Source, str]:
    """Find the source of a name.

    Parameters
    ----------
    name : str
        Such as ``xena:BRCA``.

    Returns
    -------
    tuple of Source and str
        The source, and the id behind the colon.

    Raises
    ------
    InputError
        If no source has such names.

    Examples
    --------
    >>> find_source("geo:GPL571")[0].example
    'geo:GPL571'
    """
    prefix, _, identifier = name.partition(":")
    same = [source for source in load_sources() if source.prefix == prefix]
    for source in same:
        if re.fullmatch(source.id, identifier):
            return source, identifier
    known = [source.example for source in same or load_sources()]
    raise InputError(f"{name!r} is no name of a public file; names look like {name_some(known, 8)}")


def plan_files(
    name: str, base_url: str | None = None, file_name: str = "", checksum: str | None = None
) -> list[PublicFile]:
    """List the files behind a name, without asking anyone.

    Parameters
    ----------
    name : str
        Such as ``xena:BRCA``.
    base_url : str, optional
        Address to use in place of the portal's, such as a mirror.
    file_name : str
        What the portal calls the file, where it names files by id.
    checksum : str, optional
        Its checksum, where the portal tells it.

    Returns
    -------
    list of PublicFile
        Addresses, and where they are saved.

    Raises
    ------
    InputError
        If no source has such names.

    Examples
    --------
    >>> plan_files("geo:GPL571")[0].url
    'https://ftp.ncbi.nlm.nih.gov/geo/platforms/GPLnnn/GPL571/annot/GPL571.annot.gz'
    """
    source, identifier = find_source(name)
    words = {
        "id": identifier,
        "series": identifier.partition("-")[0],
        "nnn": re.sub(r"\d{1,3}$", "nnn", identifier.partition("-")[0]),
        "name": safe_name(file_name) if file_name else "(name told by the server)",
    }
    return [_fill(template, source.base, base_url, words, checksum) for template in source.files]


def _fill(
    template: dict[str, Any], base: str, base_url: str | None, words: dict[str, str], checksum: str | None
) -> PublicFile:
    root = (base_url or template.get("base", base)).rstrip("/")
    other = template.get("or")
    return PublicFile(
        f"{root}/{template['path'].format(**words)}",
        template["save"].format(**words),
        checksum or template.get("checksum"),
        _fill(other, base, base_url, words, None) if other else None,
    )


def plan_manifest(path: Path, base_url: str | None = None) -> list[PublicFile]:
    """List the files of a GDC manifest.

    Parameters
    ----------
    path : Path
        ``gdc_manifest*.txt``: columns id, filename, md5.
    base_url : str, optional
        Address to use in place of the GDC's.

    Returns
    -------
    list of PublicFile
        One a line, saved as the GDC client does: ``id/filename``.

    Raises
    ------
    InputError
        If the file is no manifest, or a name would lead out of the folder.
    """
    table = read_clinical(path)
    missing = [name for name in ("id", "filename", "md5") if name not in table]
    if missing:
        raise InputError(f"{path}: no GDC manifest, the columns {name_some(missing)} are not there")
    base = (base_url or find_source("gdc:" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12)[0].base).rstrip("/")
    folder = f"gdc/{safe_name(path.name.split('.')[0])}"
    return [
        PublicFile(f"{base}/data/{safe_name(one)}", f"{folder}/{safe_name(one)}/{safe_name(name)}", f"md5:{md5}")
        for one, name, md5 in zip(table["id"], table["filename"], table["md5"], strict=True)
    ]


def safe_name(name: object) -> str:
    """Make sure that a name of a file stays in its folder.

    Parameters
    ----------
    name : object
        A name told by a server or a manifest.

    Returns
    -------
    str
        The name.

    Raises
    ------
    InputError
        If it is empty, or leads elsewhere.
    """
    text = str(name)
    if not text or text in (".", "..") or PurePosixPath(text).name != text or "\\" in text or "\x00" in text:
        raise InputError(f"{text!r} is no name of a file; refused")
    return text
