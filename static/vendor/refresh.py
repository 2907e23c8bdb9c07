"""Fetch the third-party assets of this folder again and write VENDORED.toml.

For maintainers only (it needs npm); an installation uses the committed files. Run it from anywhere:

    python static/vendor/refresh.py

To move to another release, change VERSIONS; to add an icon, add its name to ICONS; then run it and commit the result.
"""

import hashlib
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from xml.etree import ElementTree

VENDOR = Path(__file__).resolve().parent
VERSIONS = {"@tabler/core": "1.6.1", "@tabler/icons": "3.51.0", "squire-rte": "2.4.8"}
ICONS = """
    adjustments-horizontal alarm alert-circle alert-triangle api archive arrow-back-up arrow-down arrow-forward-up
    arrow-left arrow-right arrow-up at ban bell blockquote bold book-2 bookmark building building-community calendar calendar-due chart-bar check
    checks chevron-down chevron-left chevron-right chevron-up circle circle-check circle-dot circle-x clear-formatting clock clock-hour-4
    code copy device-desktop dots dots-vertical download edit external-link eye eye-off file file-text file-zip filter flag
    git-merge hand-grab help-circle history home inbox info-circle italic key keyboard link list list-numbers lock lock-open login-2 logout mail
    mail-opened menu-2 message message-2 message-circle message-plus messages moon note notes paperclip pencil phone
    photo pin plus refresh rotate search select send server-cog settings shield-lock sort-descending star status-change
    strikethrough sun switch-horizontal tag ticket trash underline user user-check user-circle user-off user-plus users users-group world x
""".split()
MIT_OF_TABLER = "MIT, Copyright 2018-2026 The Tabler Authors, 2018-2026 codecalm.net Paweł Kuna"
SVG = "http://www.w3.org/2000/svg"


def unpack(package: str, folder: Path) -> Path:
    """Download `package` in its recorded version (npm checks the integrity) and return the unpacked folder."""
    command = ["npm", "pack", "--silent", f"{package}@{VERSIONS[package]}"]
    archive = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    target = folder / archive.removesuffix(".tgz")
    with tarfile.open(folder / archive) as packed:
        packed.extractall(target, filter="data")
    return target / "package"


def stylesheet(package: Path) -> str:
    """Tabler's stylesheet without the pointer to a source map, which is not shipped and breaks hashed file names."""
    css = (package / "dist/css/tabler.min.css").read_text(encoding="utf-8")
    return re.sub(r"/\*# sourceMappingURL=\S+ \*/\s*$", "", css)


def sprite(package: Path) -> str:
    """All ICONS as one file of symbols, without the invisible bounding box that every Tabler icon starts with."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.Element(f"{{{SVG}}}svg")
    for name in sorted(ICONS):
        icon = ElementTree.parse(package / "icons/outline" / f"{name}.svg").getroot()
        symbol = ElementTree.SubElement(root, f"{{{SVG}}}symbol", {"id": name, "viewBox": icon.attrib["viewBox"]})
        symbol.extend(shape for shape in icon if shape.attrib.get("stroke") != "none")
        for shape in symbol.iter():
            shape.tail = shape.text = None
        symbol.tail = "\n"
    root.text = "\n"
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def module(package: Path) -> str:
    """Squire as one module, without the pointer to a source map."""
    script = (package / "dist/squire.mjs").read_text(encoding="utf-8")
    return re.sub(r"\s*//# sourceMappingURL=\S+\s*$", "\n", script)


def record(name: str, package: str, licence: str, changes: str, files: list[str]) -> str:
    """One table of VENDORED.toml."""
    lines = [
        f"[{name}]",
        f'package = "{package}"',
        f'version = "{VERSIONS[package]}"',
        f'licence = "{licence}"',
        f'changes = "{changes}"',
        f"[{name}.sha256]",
    ]
    for file in files:
        lines.append(f'"{file}" = "{hashlib.sha256((VENDOR / file).read_bytes()).hexdigest()}"')
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write every file of this folder except this script, the README and the licence of Tabler's stylesheet."""
    with tempfile.TemporaryDirectory() as scratch:
        core, icons, squire = (unpack(package, Path(scratch)) for package in VERSIONS)
        (VENDOR / "tabler/tabler.min.css").write_text(stylesheet(core), encoding="utf-8")
        (VENDOR / "tabler-icons/sprite.svg").write_text(sprite(icons), encoding="utf-8")
        (VENDOR / "squire").mkdir(exist_ok=True)
        (VENDOR / "squire/squire.js").write_text(module(squire), encoding="utf-8")
        (VENDOR / "squire/LICENSE").write_bytes((squire / "LICENSE").read_bytes())
        (VENDOR / "tabler-icons/LICENSE").write_bytes((icons / "LICENSE").read_bytes())
    records = [
        record(
            "tabler",
            "@tabler/core",
            MIT_OF_TABLER,
            "the sourceMappingURL comment at the end is removed",
            ["tabler/tabler.min.css", "tabler/LICENSE"],
        ),
        record(
            "tabler-icons",
            "@tabler/icons",
            "MIT, Copyright 2020-2026 Paweł Kuna",
            f"{len(ICONS)} of the outline icons, gathered into one sprite of symbols",
            ["tabler-icons/sprite.svg", "tabler-icons/LICENSE"],
        ),
        record(
            "squire",
            "squire-rte",
            "MIT, Copyright 2011-2023 Neil Jenkins",
            "the sourceMappingURL comment at the end is removed",
            ["squire/squire.js", "squire/LICENSE"],
        ),
    ]
    heading = "# Written by refresh.py; checked by tests/portal/test_vendored_assets.py.\n\n"
    (VENDOR / "VENDORED.toml").write_text(heading + "\n".join(records), encoding="utf-8")


if __name__ == "__main__":
    main()
