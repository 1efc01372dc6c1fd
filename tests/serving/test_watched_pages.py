"""The pages of a watched folder: the service on what was saved last, which open pages notice by themselves."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from werkzeug.test import Client

from cds_service.content.content import Content, read_content
from cds_service.serving.watched_pages import WatchedPages
from tests.analysis.lint.home_oxygen import POLICY, lay_out

AT = "/policies/meadowlark/home-oxygen"


def content_titled(folder: Path, title: str) -> Content:
    """The content of the folder, its newest policy under a title."""
    file = folder / POLICY
    lines = [f"title: {title}" if line.startswith("title:") else line for line in file.read_text(encoding="utf-8").splitlines()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_content(folder)


def test_pages_show_what_was_saved_last(tmp_path: Path) -> None:
    """A page says what the content says now, is kept by no browser, and asks for the next save with the number of the one it shows."""
    lay_out(tmp_path)
    pages = WatchedPages()
    client = Client(pages)
    pages.show(content_titled(tmp_path, "Oxygen at home"))
    first = client.get(AT, headers={"Accept-Encoding": "gzip", "If-None-Match": "*"}, follow_redirects=True)
    assert first.status_code == 200
    assert "Oxygen at home" in first.text
    assert 'data-seen="1"' in first.text
    assert first.headers["Cache-Control"] == "no-store"
    pages.show(content_titled(tmp_path, "Oxygen wherever one is"))
    assert "Oxygen wherever one is" in client.get(AT, follow_redirects=True).text
    assert client.get("/watched?seen=1").text == "2"


def test_an_open_page_hears_of_a_save(tmp_path: Path) -> None:
    """What waits for another content than the one it shows is answered when that one was read, not before."""
    lay_out(tmp_path)
    pages = WatchedPages()
    pages.show(read_content(tmp_path))
    heard: list[int] = []
    waiting = Thread(target=lambda: heard.append(pages.after(1)))
    waiting.start()
    assert heard == []
    pages.show(read_content(tmp_path))
    waiting.join(10)
    assert heard == [2]


def test_before_anything_could_be_read_the_page_says_where_to_look(tmp_path: Path) -> None:
    """A folder that does not hold together has no pages: the browser is told so, and asks again until it does."""
    pages = WatchedPages()
    client = Client(pages)
    told = client.get("/try")
    assert told.status_code == 503
    assert told.headers["Refresh"] == "1"
    assert "the terminal says why" in told.text
    lay_out(tmp_path)
    pages.show(read_content(tmp_path))
    assert client.get("/try").status_code == 200


def test_orders_are_judged_by_what_was_saved(tmp_path: Path) -> None:
    """The hooks answer beside the pages, so a sandbox tries what the author just wrote."""
    lay_out(tmp_path)
    pages = WatchedPages()
    pages.show(read_content(tmp_path))
    assert Client(pages).get("/cds-services").json is not None
