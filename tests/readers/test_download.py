import hashlib
import json
import socket

import pytest

from itgstrat.errors import InputError
from itgstrat.readers.download import Fetcher, find_cache
from itgstrat.readers.public_files import PublicFile, load_sources, plan_files, safe_name

from .builders import make_matrix
from .layouts import write_series
from .server import serve

DATA = bytes(range(256)) * 4000
UUID = "9240b811-4132-4ca4-b44e-7e672b594657"


@pytest.fixture
def server():
    with serve() as desk:
        yield desk


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    """No test may reach any other machine."""
    real = socket.getaddrinfo

    def guarded(host, *args, **kwargs):
        assert host in ("127.0.0.1", b"127.0.0.1"), f"a test asks for {host}"
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)


def make(server, folder, **settings):
    return Fetcher(folder, server.url, wait=0.0, **settings)


def one(server, checksum=None, save="some/file.bin"):
    return PublicFile(f"{server.url}/file", save, checksum)


def only_whole_files(folder, name="file.bin"):
    """What lies in the cache is the whole file, or nothing of that name."""
    found = [path for path in folder.rglob(name) if path.is_file()]
    return all(path.read_bytes() == DATA for path in found)


@pytest.mark.parametrize(
    "plan",
    [
        ["ok"],
        ["500", "ok"],
        ["drop", "ok"],
        ["drop", "drop", "500", "drop", "ok"],
        ["drop", "plain"],
        ["weak", "ok"],
        ["drop", "elsewhere", "ok"],
    ],
    ids="-".join,
)
def test_the_file_arrives_whole(server, tmp_path, plan):
    server.put("/file", DATA, *plan)
    path = make(server, tmp_path).fetch_file(one(server))
    assert path == tmp_path / "some" / "file.bin"
    assert path.read_bytes() == DATA
    assert sorted(each.name for each in path.parent.iterdir()) == ["file.bin"]
    lock = json.loads((tmp_path / "checksums.json").read_text())
    assert lock["some/file.bin"]["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert lock["some/file.bin"]["bytes"] == len(DATA)


def test_it_goes_on_where_it_stopped(server, tmp_path):
    server.put("/file", DATA, "drop", "ok")
    make(server, tmp_path).fetch_file(one(server))
    first, second = server.asked
    assert first[1] is None
    assert 0 < int(second[1].removeprefix("bytes=").rstrip("-")) <= len(DATA) // 2


def test_the_next_run_goes_on_too(server, tmp_path):
    server.put("/file", DATA, "drop")
    with pytest.raises(InputError, match=r"given up after 1 attempts \(.*\); [\d,]+ bytes are kept for the next run"):
        make(server, tmp_path, retries=0).fetch_file(one(server))
    assert only_whole_files(tmp_path)
    server.put("/file", DATA, "ok")
    assert make(server, tmp_path).fetch_file(one(server)).read_bytes() == DATA
    assert server.asked[-1][1] is not None


def test_a_part_of_another_version_is_not_gone_on_with(server, tmp_path):
    server.put("/file", DATA[::-1][:-5], "drop")
    with pytest.raises(InputError, match="given up"):
        make(server, tmp_path, retries=1).fetch_file(one(server))
    server.put("/file", DATA, "ok")
    assert make(server, tmp_path).fetch_file(one(server)).read_bytes() == DATA


def test_a_file_that_is_there_is_not_asked_for_again(server, tmp_path):
    server.put("/file", DATA)
    fetcher = make(server, tmp_path)
    assert fetcher.fetch_file(one(server)) == fetcher.fetch_file(one(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_wrong_checksum_leaves_nothing(server, tmp_path, kind):
    digest = hashlib.new(kind, DATA).hexdigest()
    checksum = digest if kind == "sha256" else f"md5:{digest}"
    server.put("/file", DATA, "wrong")
    with pytest.raises(InputError, match=r"does not have the checksum .* that was published; nothing was kept"):
        make(server, tmp_path).fetch_file(one(server, checksum))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    server.put("/file", DATA, "ok")
    assert make(server, tmp_path).fetch_file(one(server, checksum)).read_bytes() == DATA


def test_the_first_checksum_is_held_against_later_downloads(server, tmp_path):
    server.put("/file", DATA)
    path = make(server, tmp_path).fetch_file(one(server))
    path.unlink()
    server.put("/file", DATA, "wrong")
    with pytest.raises(InputError, match=r"recorded at the first download; .* fetch with --renew"):
        make(server, tmp_path).fetch_file(one(server))
    assert not path.exists()
    assert make(server, tmp_path, renew=True).fetch_file(one(server)).read_bytes() == DATA[::-1]
    assert make(server, tmp_path, offline=True).fetch_file(one(server)).read_bytes() == DATA[::-1]


def test_a_file_that_was_changed_is_fetched_again(server, tmp_path):
    server.put("/file", DATA)
    path = make(server, tmp_path).fetch_file(one(server))
    path.write_bytes(b"changed")
    with pytest.raises(InputError, match="is not what was downloaded"):
        make(server, tmp_path, offline=True).fetch_file(one(server))
    server.put("/file", DATA, "500")
    with pytest.raises(InputError, match="the server says 500"):
        make(server, tmp_path, retries=1).fetch_file(one(server))
    assert only_whole_files(tmp_path)
    server.put("/file", DATA, "ok")
    assert make(server, tmp_path).fetch_file(one(server)).read_bytes() == DATA


@pytest.mark.parametrize(
    ("plan", "message", "requests"),
    [
        ("500", r"given up after 3 attempts \(the server says 500", 3),
        ("404", r"the server does not have it \(404\); check the name", 1),
        ("403", "the server says 403 .*; is the file open to everyone", 1),
    ],
)
def test_what_the_server_refuses(server, tmp_path, plan, message, requests):
    server.put("/file", DATA, plan)
    with pytest.raises(InputError, match=message):
        make(server, tmp_path, retries=2).fetch_file(one(server))
    assert len(server.asked) == requests
    assert not [path for path in tmp_path.rglob("file.bin*") if path.is_file()]


def test_a_server_that_is_not_there(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fetcher = Fetcher(tmp_path, f"http://127.0.0.1:{port}", retries=1, wait=0.0)
    with pytest.raises(InputError, match=r"given up after 2 attempts .*check the network and run again"):
        fetcher.fetch("xena:BRCA")


def test_offline_asks_nobody(server, tmp_path):
    server.put("/file", DATA)
    with pytest.raises(InputError, match=r"not in the cache .* and --offline is set; fetch it once with a network"):
        make(server, tmp_path, offline=True).fetch_file(one(server))
    assert not server.asked


def test_progress_is_told(server, tmp_path):
    server.put("/file", DATA)
    told = []
    make(server, tmp_path, progress=lambda *said: told.append(said)).fetch_file(one(server))
    assert told[-1] == ("file.bin", len(DATA), len(DATA))


def test_a_damaged_record_is_pointed_out(server, tmp_path):
    (tmp_path / "checksums.json").write_text("{")
    with pytest.raises(InputError, match=r"checksums.json: the record of checksums is damaged .*; delete it"):
        make(server, tmp_path).fetch_file(one(server))


def test_a_place_that_cannot_be_written(server, tmp_path):
    server.put("/file", DATA)
    (tmp_path / "some").write_text("a file where a folder should be")
    with pytest.raises(InputError, match=r"cannot be written .* ITGSTRAT_CACHE"):
        make(server, tmp_path).fetch_file(one(server))


def test_a_xena_cohort(server, tmp_path):
    for path in (
        "TCGA.ACC.sampleMap%2FHiSeqV2.gz",
        "TCGA.ACC.sampleMap%2FACC_clinicalMatrix",
        "survival%2FACC_survival.txt",
    ):
        server.put(f"/download/{path}", path)
    found = make(server, tmp_path).fetch("xena:ACC")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "xena/ACC/HiSeqV2.gz",
        "xena/ACC/ACC_clinicalMatrix",
        "xena/ACC/ACC_survival.txt",
    ]


def test_a_gdc_file_is_named_by_the_server(server, tmp_path):
    name, md5 = "a.rna_seq.augmented_star_gene_counts.tsv", hashlib.md5(DATA).hexdigest()
    server.put(f"/files/{UUID}?fields=file_name,md5sum", json.dumps({"data": {"file_name": name, "md5sum": md5}}))
    server.put(f"/data/{UUID}", DATA)
    assert make(server, tmp_path).fetch(f"gdc:{UUID}") == [tmp_path / "gdc" / UUID / name]
    assert make(server, tmp_path, offline=True).fetch(f"gdc:{UUID}")[0].read_bytes() == DATA


@pytest.mark.parametrize("said", ["not json", '{"data": {}}', "[]"])
def test_a_gdc_answer_that_says_nothing(server, tmp_path, said):
    server.put(f"/files/{UUID}?fields=file_name,md5sum", said)
    with pytest.raises(InputError, match="did not tell the name of the file"):
        make(server, tmp_path).fetch(f"gdc:{UUID}")
    assert not list(tmp_path.rglob("*.json*"))[1:]


def test_a_gdc_manifest(server, tmp_path):
    digest = hashlib.md5(DATA).hexdigest()
    manifest = tmp_path / "gdc_manifest.2025.txt"
    manifest.write_text(f"id\tfilename\tmd5\tsize\tstate\n{UUID}\ta.tsv\t{digest}\t{len(DATA)}\treleased\n")
    server.put(f"/data/{UUID}", DATA)
    assert make(server, tmp_path / "c").fetch(f"gdc:{manifest}") == [
        tmp_path / "c" / "gdc" / "gdc_manifest" / UUID / "a.tsv"
    ]
    manifest.write_text("id\tfilename\tmd5\n1\t../../a\tx\n")
    with pytest.raises(InputError, match=r"'\.\./\.\./a' is no name of a file; refused"):
        make(server, tmp_path / "c").fetch(f"gdc:{manifest}")
    manifest.write_text("id\tname\n1\ta\n")
    with pytest.raises(InputError, match="no GDC manifest, the columns filename, md5 are not there"):
        make(server, tmp_path / "c").fetch(f"gdc:{manifest}")


@pytest.mark.parametrize("annotation", [True, False])
def test_a_series_comes_with_its_platform(server, tmp_path, annotation):
    series = write_series(tmp_path / "s.txt.gz", make_matrix(2, ["p"], patients=["GSM1", "GSM2"]), platform="GPL571")
    server.put("/geo/series/GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz", series.read_bytes())
    if annotation:
        server.put("/geo/platforms/GPLnnn/GPL571/annot/GPL571.annot.gz", b"table")
    server.put("/geo/query/acc.cgi?acc=GPL571&targ=self&form=text&view=full", b"table")
    fetcher = make(server, tmp_path / "c")
    found = fetcher.fetch("geo:GSE14520-GPL571")
    names = ["GSE14520-GPL571_series_matrix.txt.gz", "GPL571.annot.gz" if annotation else "GPL571.soft"]
    assert [path.name for path in found] == names
    assert make(server, tmp_path / "c", offline=True).fetch("geo:GSE14520-GPL571") == found


@pytest.mark.parametrize(
    "name", ["xena", "xena:../x", "geo:GSE", "gdc:123", "cbioportal:A/B", "nowhere:x", "tcga-cdr:x", "gdc:../../etc"]
)
def test_names_that_are_none(name):
    with pytest.raises(InputError, match="is no name of a public file; names look like"):
        plan_files(name)


def test_every_source_has_an_example_and_an_encrypted_address():
    for source in load_sources():
        for file in plan_files(source.example):
            assert file.url.startswith("https://")
            assert not file.save.startswith("/")
            assert "{" not in file.url + file.save


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\\b", "a\0"])
def test_names_that_lead_elsewhere(name):
    with pytest.raises(InputError, match="is no name of a file; refused"):
        safe_name(name)


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ITGSTRAT_CACHE", str(tmp_path))
    assert find_cache() == tmp_path
    monkeypatch.delenv("ITGSTRAT_CACHE")
    assert find_cache().name == "itgstrat"
