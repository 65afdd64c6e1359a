"""Opening the publishers' files exactly as downloaded: text, CSV, a workbook, or a zip of these (or of zips).

Nothing is unpacked to disk by name and nothing is read whole: lines and rows are yielded one by one, with the line or
row number they begin on. Whatever is wrong with a file (cut off, encrypted, a bomb, not what its name says) is an
ImportFault that says what to do; no other exception leaves this module, except OSError for a file that cannot be read.
"""

from __future__ import annotations

import csv
import errno
import io
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from scrubber.tables.kinds import ImportFault, Progress

LARGEST_MEMBER = 1 << 30
"""Bytes that one unpacked file may have; the largest that a publisher offers (an NCCI part) has a tenth of it."""
LARGEST_RATIO = 250
"""Times that a file may grow when unpacked; text of fixed width reaches some twenty, a bomb a thousand."""
RATIO_FROM = 1 << 20
"""Unpacked bytes below which the ratio says nothing."""
MOST_MEMBERS = 5_000
LONGEST_LINE = 1 << 24
"""Bytes of a line or of a quoted field; coverage articles hold pages of text in one."""

_KINDS_OF_CONTENT = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "Open it in Excel and save it as .xlsx or as CSV."),
    (b"%PDF", "a PDF", "Give the data file, not its documentation."),
    (b"\xff\xfe", "UTF-16 text", "Save it as CSV (UTF-8), or give the file as the publisher offers it."),
    (b"\xfe\xff", "UTF-16 text", "Save it as CSV (UTF-8), or give the file as the publisher offers it."),
    (b"\x1f\x8b", "a gzip file", "Unpack it first (gunzip)."),
)  # fmt: skip
_WEB_PAGE = re.compile(rb"\s*<(?:!doctype\s+html|html)", re.IGNORECASE)


class Line(NamedTuple):
    """A record of a table: the line (or row of the sheet) that it begins on, 1 is the first, and its cells as text."""

    number: int
    cells: list[str]


class Download:
    """One file of a table: given by itself, or lying in a zip. It is opened anew each time it is read."""

    def __init__(self, label: str, size: int, opener: Callable[[], BinaryIO]) -> None:
        self.label = label
        """For messages: ``ccipra.zip: ccipra-v322r0-f1.TXT``."""
        self.name = re.split(r"[/\\:]\s*", label)[-1]
        """The file's own name: ``ccipra-v322r0-f1.TXT``."""
        self.size = size
        self._opener = opener

    @property
    def suffix(self) -> str:
        """How the name ends, small letters: ``.csv``."""
        return Path(self.name).suffix.lower()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Its bytes. What a damaged zip makes of reading is an ImportFault."""
        with reporting(self.label), self._opener() as stream:
            yield stream

    def lines(self, encoding: str = "") -> Iterator[tuple[int, str]]:
        """The lines of a text file by number, without their ends; UTF-8 (with or without BOM) or Latin-1, unless
        ``encoding`` says which (a file of fixed width: where a character is a byte)."""
        with self.open() as stream:
            for number, raw in enumerate(self._raw_lines(stream), 1):
                yield number, (raw.decode(encoding) if encoding else _decode(raw)).rstrip("\r\n")

    def table(self, delimiter: str = "", strict: bool = True) -> Iterator[Line]:
        """The records of a workbook's first sheet, of a CSV, or of a tab-separated text, by what the file is.

        ``delimiter`` for a text file; by default tab for .txt, comma for others. ``strict``: a quote inside a quoted
        cell that is not doubled is a fault, for a stray quote can swallow the rest of a file.
        """
        with self.open() as stream:
            if stream.peek(4)[:4] == b"PK\x03\x04":  # type: ignore[attr-defined]  # It is buffered.
                from scrubber.tables.workbooks import read_sheet

                yield from read_sheet(stream, self.label)
                return
            csv.field_size_limit(LONGEST_LINE)
            cut = delimiter or ("\t" if self.suffix == ".txt" else ",")
            reader = csv.reader((_decode(raw) for raw in self._raw_lines(stream)), delimiter=cut, strict=strict)
            begins = 1
            try:
                for cells in reader:
                    yield Line(begins, [cell.strip() for cell in cells])
                    begins = reader.line_num + 1
            except csv.Error as error:
                raise ImportFault(
                    self.label, begins, f"the file cannot be read as a table ({error})",
                    "A quote that is never closed, or a file that is not text, looks like this",
                    "Download the file again and give it unchanged",
                ) from None  # fmt: skip

    def _raw_lines(self, stream: BinaryIO) -> Iterator[bytes]:
        head = stream.peek(512)  # type: ignore[attr-defined]
        fault = _judge(head)
        if fault:
            raise ImportFault(self.label, None, *fault)
        number = 0
        while raw := stream.readline(LONGEST_LINE):
            number += 1
            if len(raw) == LONGEST_LINE:
                raise ImportFault(
                    self.label, number, f"a line is longer than {LONGEST_LINE >> 20} MB",
                    "The file is not a text table", "Download it again and give it unchanged",
                )  # fmt: skip
            if not raw.endswith(b"\n"):
                raise ImportFault(
                    self.label, number, "the last line has no end: the file seems to be cut off",
                    "Rows that are missing would count as rows that do not exist",
                    "Download it again; if you are sure that it is whole, add a line break at its end",
                )  # fmt: skip
            yield raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw


def list_downloads(files: Sequence[Path], progress: Progress) -> list[Download]:
    """Every file given, and every file inside the zips given, in the order of their names.

    Raises ImportFault for a zip that is damaged, encrypted, or unpacks to more than any publisher's file does, and
    OSError for a file that cannot be opened.
    """
    found: list[Download] = []
    for path in files:
        size = path.stat().st_size
        if path.is_dir():
            raise ImportFault(path.name, None, "this is a folder", "", "Name the files in it")
        if size == 0:
            raise ImportFault(path.name, None, "the file is empty", "", "Download it again")
        found.extend(_look_into(path.name, size, size, _opener(path), _opener(path, progress), depth=0))
    return found


def choose(downloads: Sequence[Download], pattern: str, wanted: str) -> list[Download]:
    """The files whose names match, or the only file there is; else an ImportFault that says what was ``wanted``.

    Publishers' zips hold a workbook beside each text, with the same rows: then only the text is taken.
    """
    fitting = [d for d in downloads if re.search(pattern, d.name, re.IGNORECASE)]
    texts = {d.label.lower().removesuffix(d.suffix) for d in fitting if d.suffix != ".xlsx"}
    fitting = [d for d in fitting if d.suffix != ".xlsx" or d.label.lower().removesuffix(d.suffix) not in texts]
    if fitting:
        return fitting
    if len(downloads) == 1:
        return list(downloads)
    names = ", ".join(d.name for d in downloads[:8]) + (" …" if len(downloads) > 8 else "")
    first = downloads[0].label.partition(": ")[0] if downloads else "the zip"
    raise ImportFault(first, None, f"{wanted} is not among the files ({names or 'none'})", "", "Give that file itself")


@contextmanager
def reporting(label: str) -> Iterator[None]:
    """What the standard library raises for a damaged zip, as an ImportFault for a file."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error, OverflowError) as error:
        raise _damaged(label, error) from None
    except NotImplementedError as error:
        raise ImportFault(
            label, None, f"the zip cannot be unpacked here ({error})", "", "Unpack it yourself and give the file inside"
        ) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # A place in the file that cannot be: the zip's directory names it.
            raise
        raise _damaged(label, error) from None


def _damaged(label: str, error: Exception) -> ImportFault:
    return ImportFault(label, None, f"the zip is damaged or cut off ({error})", "", "Download it again")


def check_members(archive: zipfile.ZipFile, label: str) -> list[zipfile.ZipInfo]:
    """The files of a zip, once none is encrypted and none grows out of proportion. Raises ImportFault."""
    members = [info for info in archive.infolist() if info.filename and not info.filename.endswith("/")]
    if len(members) > MOST_MEMBERS:
        raise _bomb(label, f"the zip holds {len(members):,} files")
    for info in members:
        if info.flag_bits & 1:
            raise ImportFault(
                label, None, f"{info.filename} is encrypted", "", "Unpack it with its password and give the file inside"
            )
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ImportFault(
                label, None, f"{info.filename} is packed in a way that is not read here", "",
                "Unpack it yourself and give the file inside",
            )  # fmt: skip
        if info.file_size > LARGEST_MEMBER:
            raise _bomb(label, f"{info.filename} would unpack to {info.file_size / 1e9:,.1f} GB")
        if info.file_size > RATIO_FROM and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
            raise _bomb(label, f"{info.filename} would grow {info.file_size // max(info.compress_size, 1):,} times")
    return members


def _bomb(label: str, what: str) -> ImportFault:
    return ImportFault(
        label, None, what, "No publisher's file is like that; it may be made to fill memory and disk",
        "Download the file from the publisher's own page",
    )  # fmt: skip


def _look_into(
    label: str, size: int, packed: float, look: Callable[[], BinaryIO], opener: Callable[[], BinaryIO], depth: int
) -> Iterator[Download]:
    """A file, or the files of a zip. ``packed`` are the bytes that it takes on disk, over all layers of packing;
    ``look`` opens it to see what it is, ``opener`` to read it."""
    with look() as stream:
        if stream.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            if Path(label).suffix.lower() in (".zip", ".xlsx"):
                stream.seek(0)
                what, why, fix = _judge(stream.read(512)) or ("the file is not a zip, or it is damaged", "", "")
                raise ImportFault(label, None, what, why, fix or "Download it again")
            yield Download(label, size, opener)
            return
        stream.seek(0)
        with reporting(label), zipfile.ZipFile(stream) as archive:
            members = check_members(archive, label)
            if any(info.filename == "xl/workbook.xml" for info in members):
                yield Download(label, size, opener)
                return
    if not members:
        raise ImportFault(label, None, "the zip is empty", "", "Download it again")
    # What macOS adds beside every file is no file of the publisher's.
    members = [m for m in members if not m.filename.startswith("__MACOSX/")]
    for info in sorted(members, key=lambda info: info.filename):
        inner = f"{label}: {info.filename}"
        share = packed * info.compress_size / max(size, 1)
        if info.file_size > RATIO_FROM and info.file_size > LARGEST_RATIO * max(share, 1):
            raise _bomb(label, f"{info.filename} would grow {info.file_size / max(share, 1):,.0f} times")
        if Path(info.filename).suffix.lower() in (".zip", ".xlsx"):
            if depth:
                raise (
                    _bomb(label, f"{info.filename} is a zip in a zip in a zip")
                    if inner.endswith(".zip")
                    else (
                        ImportFault(label, None, f"{info.filename} lies too deep", "", "Unpack it and give it itself")
                    )
                )
            unpacked = _Unpacked(opener, info)
            if info.filename.lower().endswith(".xlsx"):
                yield Download(inner, info.file_size, unpacked)
            else:
                yield from _look_into(inner, info.file_size, share, unpacked, unpacked, depth + 1)
        else:
            yield Download(inner, info.file_size, _Member(opener, info))


class _Member:
    """Opens a file of a zip as a stream that is unpacked while it is read."""

    def __init__(self, opener: Callable[[], BinaryIO], info: zipfile.ZipInfo) -> None:
        self._opener = opener
        self._info = info

    def __call__(self) -> BinaryIO:
        outer = self._opener()
        try:
            archive = zipfile.ZipFile(outer)
            member = archive.open(self._info)
        except BaseException:
            outer.close()
            raise
        return cast(BinaryIO, _Closing(cast(io.RawIOBase, member), 1 << 20, outer))


class _Closing(io.BufferedReader):
    """A buffer that closes what lies below it, too."""

    def __init__(self, raw: io.RawIOBase, size: int, below: BinaryIO) -> None:
        super().__init__(raw, size)
        self._below = below

    def close(self) -> None:
        super().close()
        self._below.close()


class _Unpacked:
    """Opens a zip or workbook in a zip, which must be read at random: unpacked once, into a nameless private file."""

    def __init__(self, opener: Callable[[], BinaryIO], info: zipfile.ZipInfo) -> None:
        self._member = _Member(opener, info)
        self._label = info.filename
        self._file: tempfile.SpooledTemporaryFile[bytes] | None = None

    def __call__(self) -> BinaryIO:
        if self._file is None:
            file = tempfile.SpooledTemporaryFile(1 << 22)  # noqa: SIM115  # It stays open for the views of it.
            with reporting(self._label), self._member() as stream:
                while block := stream.read(1 << 20):
                    file.write(block)
            self._file = file
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, _Shared(self._file))))

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


class _Shared(io.RawIOBase):
    """A view of an open file with a place of its own; closing it leaves the file open."""

    def __init__(self, file: tempfile.SpooledTemporaryFile[bytes]) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0:
            self._at = offset
        elif whence == 1:
            self._at += offset
        else:
            self._file.seek(0, 2)
            self._at = self._file.tell() + offset
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        self._file.seek(self._at)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Counted(io.FileIO):
    """A file on disk that tells how much of it was read."""

    def __init__(self, path: Path, progress: Progress) -> None:
        super().__init__(path, "r")
        self._progress = progress

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        size = super().readinto(buffer)
        self._progress(size or 0)
        return size or 0


def _opener(path: Path, progress: Progress | None = None) -> Callable[[], BinaryIO]:
    """A function that opens a file, and tells how much is read of it where someone wants to know."""
    if progress is None:
        return lambda: path.open("rb")
    return lambda: cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, _Counted(path, progress)), 1 << 20))


def _decode(raw: bytes) -> str:
    """A line as text: UTF-8 where it is that, else Latin-1, in which nothing is invalid."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _judge(head: bytes) -> tuple[str, str, str] | None:
    """What a file's first bytes say that it is instead of a text table; None when nothing speaks against one."""
    for magic, what, fix in _KINDS_OF_CONTENT:
        if head.startswith(magic):
            return f"this is {what}, not a text table", "", fix
    if _WEB_PAGE.match(head):
        return (
            "this is a web page, not the file",
            "CMS shows a licence page before it gives some files",
            "Open the download page in a browser, accept the licence, and save the file that follows",
        )
    if not head:
        return "the file is empty", "", "Download it again"
    if b"\0" in head:
        return "this is not text", "", "Give the publisher's text, CSV, XLSX or zip file"
    return None
