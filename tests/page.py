#!/usr/bin/env python3
"""Open a report's page in a headless Chromium as a reader would: two widths, two themes, sorting, hostile text.

    pip install playwright        # and a Chromium, such as Debian's `chromium`
    tests/page.py out/sample/report/index.html --shots out/page

Fails on a console message, a request, a page wider than the screen, a table that does not sort, or a script that ran.
"""
import argparse
import pathlib
import re
import shutil
import sys

from playwright.sync_api import sync_playwright


def number(text):
    found = re.match(r"[<\s]*([-−+]?[\d.]+)", text)
    return float(found[1].replace("−", "-")) if found else None


def column(page, table, index):
    return [number(text) for text in table.locator(f"tbody tr td:nth-child({index + 1})").all_inner_texts()]


def sorts(page):
    """Every numeric column of every table, up and down; cells without a number last."""
    faults = []
    for table in page.locator("table.sortable").all():
        if not table.is_visible():
            continue
        for index, head in enumerate(table.locator("thead th").all()):
            if "number" not in (head.get_attribute("class") or ""):
                continue
            for down in (False, True):
                head.locator("button").click()
                values = column(page, table, index)
                known = [value for value in values if value is not None]
                in_order = known == sorted(known, reverse=down) and None not in values[: len(known)]
                if not in_order:
                    faults.append(f"column {index} of `{table.locator('caption').inner_text()}`: {values}")
    return faults


def look(browser, address, width, theme, shots):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    faults = []
    page.on("console", lambda message: faults.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", lambda request: request.url == address or faults.append(f"request: {request.url[:80]}"))
    page.on("dialog", lambda dialog: (faults.append("a script of the data ran"), dialog.dismiss()))
    page.goto(address)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        faults.append(f"{wide} pixels wide on a screen of {width}")
    for text in page.locator("figure .drawing").all():
        if not text.get_attribute("aria-label"):
            faults.append("a figure without a text alternative")
    for link in page.locator("figcaption a").all():
        if not (link.get_attribute("href") or "").startswith("data:text/csv"):
            faults.append("a figure without its data")
    if shots:
        page.screenshot(path=shots / f"{width}-{theme}.png", full_page=True)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    faults += sorts(page)
    page.close()
    return [f"{width} px, {theme}: {fault}" for fault in faults]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("page", type=pathlib.Path)
    arguments.add_argument("--shots", type=pathlib.Path)
    arguments.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    options = arguments.parse_args()
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        address = options.page.resolve().as_uri()
        looks = [(width, theme) for width in (360, 1280) for theme in ("light", "dark")]
        faults = [fault for look_at in looks for fault in look(browser, address, *look_at, options.shots)]
        browser.close()
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{options.page}: {len(looks)} looks, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
