#!/usr/bin/env python3
"""Open a page of `attend` in a headless Chromium as a reader would: two widths, two themes, every choice, hostile text.

    pip install playwright        # and a Chromium, such as Debian's `chromium`
    tests/attend_page.py out/sample/attend.html --shots out/page [--most-bytes 5000000]

Fails on a console message, a request, a page wider than the screen, a choice without effect, an element created by data,
or a script that ran.
"""
import argparse
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

# Elements that the page itself creates in its texts; data would have created any other.
OURS = {"ARTICLE", "H2", "BDI", "SPAN", "P", "STRONG"}
COLOURS = "[...document.querySelectorAll('.token')].map(token => token.className + token.title).join('|')"


def choose(page, name, value):
    page.locator(f"#controls [name={name}]").select_option(value)


def changes(page, faults, whole_words):
    """Every choice must change the colours; texts of whole words have no pieces to separate."""
    before = page.evaluate(COLOURS)

    def changed(what):
        nonlocal before
        now = page.evaluate(COLOURS)
        if now == before:
            faults.append(f"choosing {what} changes nothing")
        before = now

    blocks = page.locator("#controls [name=block] option").count() - 2
    heads = page.locator("#controls [name=head] option").count() - 1
    if blocks > 1:
        choose(page, "block", "first")
        changed("the first block")
        choose(page, "block", str(blocks - 1))
        changed("the last block by its number")
    for head in (0, heads - 1) if heads > 1 else ():
        choose(page, "head", str(head))
        changed(f"attention head {head}")
    choose(page, "scale", "z-score")
    changed("z-score")
    page.locator("#controls [name=special]").click()
    changed("[CLS] and [SEP]")
    if not whole_words:
        page.locator("#controls [name=pieces]").click()
        changed("word pieces apart")
    for option in page.locator("#controls [name=show] option").all()[1:]:
        choose(page, "show", option.get_attribute("value"))
        changed(option.inner_text())


def look(browser, address, width, theme, options):
    shots, articles = options.shots, options.articles
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    faults = []
    page.on("console", lambda message: faults.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", lambda request: request.url == address or faults.append(f"request: {request.url[:80]}"))
    page.on("dialog", lambda dialog: (faults.append("a script of the data ran"), dialog.dismiss()))
    page.goto(address)
    page.wait_for_selector("article", timeout=60_000)
    if shots:
        page.screenshot(path=shots / f"{width}-{theme}.png")
    strangers = page.evaluate("[...new Set([...document.querySelectorAll('#texts *')].map(element => element.tagName))]")
    faults += [f"an element created by data: {name}" for name in strangers if name not in OURS]
    attributes = page.evaluate("[...new Set([...document.querySelectorAll('#texts *')].flatMap(element => element.getAttributeNames()))]")
    faults += [f"an attribute created by data: {name}" for name in attributes if name not in ("class", "title", "dir")]
    found = page.locator("article").count()
    if articles not in (None, found):
        faults.append(f"{found} texts, not {articles}")
    page.locator(".token").first.hover()
    if ":" not in page.locator("#status").inner_text():
        faults.append("hovering over a word does not show its weight")
    changes(page, faults, options.whole_words)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        faults.append(f"{wide} pixels wide on a screen of {width}")
    if shots:
        page.screenshot(path=shots / f"{width}-{theme}-chosen.png")
    page.close()
    return [f"{width} px, {theme}: {fault}" for fault in faults]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("page", type=pathlib.Path)
    arguments.add_argument("--shots", type=pathlib.Path)
    arguments.add_argument("--articles", type=int, help="expected number of texts")
    arguments.add_argument("--whole-words", action="store_true", help="these texts have no word of several pieces")
    arguments.add_argument("--most-bytes", type=int, default=5_000_000)
    arguments.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    options = arguments.parse_args()
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    size = options.page.stat().st_size
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        address = options.page.resolve().as_uri()
        looks = [(width, theme) for width in (360, 1280) for theme in ("light", "dark")]
        faults = [fault for look_at in looks for fault in look(browser, address, *look_at, options)]
        browser.close()
    if size > options.most_bytes:
        faults.append(f"{size} bytes")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{options.page}: {size} bytes, {len(looks)} looks, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
