"""Download public files into a cache that never holds a bad one: resumed, retried, checked, then moved into place."""

import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pooch
import requests
from urllib3.exceptions import HTTPError

from itgstrat.errors import InputError
from itgstrat.readers.geo import read_head
from itgstrat.readers.public_files import PublicFile, Source, find_source, plan_files, plan_manifest

logger = logging.getLogger(__name__)

#: Called with the name of the file, the bytes that are there, and the bytes in all (0 if not known).
Progress = Callable[[str, int, int], None]

_LOCK = "checksums.json"
_CHUNK = 1 << 16
_TIMEOUT = (10, 60)
_LONGEST_WAIT = 60.0
#: What a server says when it may work a little later.
_LATER = {408, 425, 429, 500, 502, 503, 504}


class _TryLaterError(Exception):
    """A fault that may pass."""


class _NotThereError(InputError):
    """The server does not have the file."""


@dataclass(frozen=True)
class Fetcher:
    """How files are fetched.

    Parameters
    ----------
    folder : Path
        The cache.
    base_url : str or None
        Address to use in place of the portals', such as a mirror.
    offline : bool
        Use only what the cache has.
    renew : bool
        Forget recorded checksums, and download again.
    retries : int
        Further attempts after the first one fails.
    wait : float
        Seconds before the second attempt; doubled each time, 60 at most.
    progress : callable
        Told of every piece that arrives.
    """

    folder: Path
    base_url: str | None = None
    offline: bool = False
    renew: bool = False
    retries: int = 5
    wait: float = 1.0
    progress: Progress = field(default=lambda name, done, total: None, repr=False)

    def plan(self, name: str) -> list[PublicFile]:
        """List the files behind a name, without asking anyone.

        Parameters
        ----------
        name : str
            Such as ``xena:BRCA``, or ``gdc:`` and the path of a manifest.

        Returns
        -------
        list of PublicFile
            Addresses, and where they are saved.

        Raises
        ------
        InputError
            If no source has such names.
        """
        manifest = Path(name.removeprefix("gdc:"))
        if name.startswith("gdc:") and manifest.is_file():
            return plan_manifest(manifest, self.base_url)
        source, identifier = find_source(name)
        asked = [self._names(source, identifier)] if source.names else []
        return [*asked, *plan_files(name, self.base_url)]

    def _names(self, source: Source, identifier: str) -> PublicFile:
        base = (self.base_url or source.base).rstrip("/")
        return PublicFile(f"{base}/{source.names.format(id=identifier)}", f"gdc/.names/{identifier}.json")

    def fetch(self, name: str) -> list[Path]:
        """Bring the files behind a name into the cache.

        Parameters
        ----------
        name : str
            Such as ``xena:BRCA``, or ``gdc:`` and the path of a manifest.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        InputError
            If no source has such names, the server does not give the file, its checksum is not the one published
            or recorded, or `offline` and the cache does not have it.
        """
        if name.startswith("gdc:") and Path(name.removeprefix("gdc:")).is_file():
            return [self.fetch_file(file) for file in self.plan(name)]
        source, identifier = find_source(name)
        planned = self._named(name, source, identifier) if source.names else self.plan(name)
        found = [self.fetch_file(file) for file in planned]
        if source.platforms:
            platforms = dict.fromkeys(one for path in found for one in read_head(path).platforms)
            found += [path for one in platforms for path in self.fetch(f"geo:{one}")]
        return found

    def _named(self, name: str, source: Source, identifier: str) -> list[PublicFile]:
        """Ask the portal what a file is called."""
        place = self.fetch_file(self._names(source, identifier))
        try:
            told = json.loads(place.read_text(encoding="utf-8"))["data"]
            return plan_files(name, self.base_url, str(told["file_name"]), f"md5:{told['md5sum']}")
        except (ValueError, KeyError, TypeError) as error:
            place.unlink()
            raise InputError(f"{name}: the server did not tell the name of the file ({error}); try later") from error

    def fetch_file(self, file: PublicFile) -> Path:
        """Bring one file into the cache, if it is not there.

        Parameters
        ----------
        file : PublicFile
            What to fetch.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError
            As `fetch`.
        """
        try:
            return self._fetch_one(file)
        except _NotThereError:
            if file.alternative is None:
                raise
            logger.warning("%s is not there; taking %s", file.url, file.alternative.url)
            return self.fetch_file(file.alternative)

    def _fetch_one(self, file: PublicFile) -> Path:
        place = self.folder / file.save
        recorded = {} if self.renew else _read_lock(self.folder).get(file.save, {})
        checksum = file.checksum or recorded.get("sha256")
        if place.is_file() and (self.renew or not _agrees(place, checksum)):
            if self.offline:
                raise InputError(f"{place}: the file is not what was downloaded (checksum), and --offline is set")
            place.unlink()
        if place.is_file():
            self._record(file, place)
            return place
        if self.offline:
            if file.alternative is not None and (self.folder / file.alternative.save).is_file():
                raise _NotThereError(f"{file.url}: not in the cache")
            raise InputError(
                f"{file.url}: not in the cache ({place}), and --offline is set; fetch it once with a network"
            )
        self._retrieve(file, place, checksum, bool(recorded))
        self._record(file, place)
        return place

    def _retrieve(self, file: PublicFile, place: Path, checksum: str | None, recorded: bool) -> None:
        pooch.get_logger().setLevel(logging.WARNING)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            pooch.retrieve(file.url, checksum, place.name, place.parent, downloader=_Downloader(self, place))
        except ValueError as error:  # pooch's word for a wrong checksum
            hint = (
                "; if the source published a new version, fetch with --renew" if recorded and not file.checksum else ""
            )
            known = "recorded at the first download" if recorded and not file.checksum else "published"
            raise InputError(
                f"{file.url}: what the server sent does not have the checksum {checksum} that was {known}; nothing was "
                f"kept{hint}, else try again or another network"
            ) from error
        except OSError as error:
            raise InputError(
                f"{place}: cannot be written ({error}); choose another folder with ITGSTRAT_CACHE"
            ) from error

    def _record(self, file: PublicFile, place: Path) -> None:
        known = _read_lock(self.folder)
        if self.renew or file.save not in known:
            known[file.save] = {
                "url": file.url,
                "sha256": pooch.file_hash(str(place)),
                "bytes": place.stat().st_size,
                "fetched": time.strftime("%Y-%m-%d"),
            }
            _write_lock(self.folder, known)


def find_cache() -> Path:
    """Give the cache folder: ``ITGSTRAT_CACHE``, or the one of the operating system.

    Returns
    -------
    Path
        The folder; it may not exist yet.
    """
    return Path(os.environ.get("ITGSTRAT_CACHE") or pooch.os_cache("itgstrat")).expanduser()


@dataclass(frozen=True)
class _Downloader:
    """What pooch calls: fill a temporary file, going on where an earlier attempt stopped."""

    settings: Fetcher
    place: Path

    def __call__(self, url: str, output_file: str, mother: object, check_only: bool = False) -> None:
        part = self.place.with_name(self.place.name + ".part")
        for attempt in range(self.settings.retries + 1):
            try:
                self._attempt(url, part)
                break
            except (_TryLaterError, requests.RequestException, HTTPError) as error:
                if attempt == self.settings.retries:
                    done = part.stat().st_size if part.is_file() else 0
                    raise InputError(
                        f"{url}: given up after {attempt + 1} attempts ({error}); {done:,} bytes are kept for the next "
                        "run: check the network and run again"
                    ) from error
                pause = min(self.settings.wait * 2**attempt, _LONGEST_WAIT)
                logger.warning("%s: %s; next attempt in %.0f s", url, error, pause)
                time.sleep(pause)
        shutil.move(part, output_file)
        _mark_of(part).unlink(missing_ok=True)

    def _attempt(self, url: str, part: Path) -> None:
        done, mark = part.stat().st_size if part.is_file() else 0, _read_mark(part, url)
        headers = {"Accept-Encoding": "identity"}
        if done and mark:
            headers |= {"Range": f"bytes={done}-", "If-Range": mark}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
            _check_answer(url, answer, part)
            if answer.status_code != 206:
                done = 0
                _write_mark(part, url, answer.headers)
            total = done + int(answer.headers.get("Content-Length", 0))
            with part.open("ab" if done else "wb") as file:
                for piece in answer.raw.stream(_CHUNK, decode_content=False):
                    done += file.write(piece)
                    self.settings.progress(self.place.name, done, total)
        if "Content-Length" in answer.headers and done != total:
            raise _TryLaterError(f"cut off after {done:,} of {total:,} bytes")


def _check_answer(url: str, answer: requests.Response, part: Path) -> None:
    code = answer.status_code
    if url.startswith("https:") and not answer.url.startswith("https:"):
        raise InputError(f"{url}: leads to {answer.url}, which is not encrypted; refused")
    if code in (404, 410):
        raise _NotThereError(f"{url}: the server does not have it ({code}); check the name, or the portal has moved it")
    if code == 416:
        part.unlink(missing_ok=True)
        raise _TryLaterError("the server cannot go on where the last attempt stopped; starting anew")
    if code in _LATER:
        raise _TryLaterError(f"the server says {code} {answer.reason}")
    if code not in (200, 206):
        raise InputError(f"{url}: the server says {code} {answer.reason}; is the file open to everyone?")
    if code == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {part.stat().st_size}-"):
        part.unlink(missing_ok=True)
        raise _TryLaterError("the server went on at another place; starting anew")


def _mark_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _write_mark(part: Path, url: str, headers: Any) -> None:
    """Keep what names this version of the file: only with it a part is safe to go on with."""
    mark = headers.get("ETag") or headers.get("Last-Modified") or ""
    strong = "" if mark.startswith("W/") else mark
    _mark_of(part).write_text(json.dumps({"url": url, "mark": strong}), encoding="utf-8")


def _read_mark(part: Path, url: str) -> str:
    try:
        kept = json.loads(_mark_of(part).read_text(encoding="utf-8"))
        return str(kept["mark"]) if kept["url"] == url else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _agrees(place: Path, checksum: str | None) -> bool:
    if checksum is None:
        return True
    kind, _, digest = checksum.rpartition(":")
    return bool(pooch.file_hash(str(place), alg=kind or "sha256") == digest.lower())


def _read_lock(folder: Path) -> dict[str, dict[str, Any]]:
    place = folder / _LOCK
    if not place.is_file():
        return {}
    try:
        known = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{place}: the record of checksums is damaged ({error}); delete it to start anew") from error
    return known if isinstance(known, dict) else {}


def _write_lock(folder: Path, known: dict[str, dict[str, Any]]) -> None:
    fresh = folder / f"{_LOCK}.{os.getpid()}"
    fresh.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    fresh.replace(folder / _LOCK)
