"""Makes the files that go with the stories: screenshots, tables, logs and short documents."""

import csv
import io
import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 640, 360
INK, PAPER, BAR, LINE, RED = "#1f2933", "#f7f9fb", "#0b6b78", "#d5dde3", "#c0392b"


def _window(title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 34), fill=BAR)
    draw.text((14, 9), title, fill="white", font=ImageFont.load_default(15))
    return image, draw


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.quantize(64).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def message_box(title: str, lines: Sequence[str]) -> bytes:
    """Draw a window with an error message."""
    image, draw = _window(title)
    draw.rounded_rectangle((120, 90, 520, 270), 8, fill="white", outline=LINE, width=2)
    draw.ellipse((144, 118, 176, 150), fill=RED)
    draw.text((156, 122), "!", fill="white", font=ImageFont.load_default(22))
    for number, line in enumerate(lines):
        draw.text((196, 116 + 24 * number), line, fill=INK, font=ImageFont.load_default(15))
    draw.rounded_rectangle((420, 226, 500, 254), 5, fill=BAR)
    draw.text((449, 231), "OK", fill="white", font=ImageFont.load_default(14))
    return _png(image)


def curve(title: str, unit: str, breaks_off_at: float = 1.0) -> bytes:
    """Draw a chart of measurements that may break off."""
    image, draw = _window(title)
    draw.text((14, 46), unit, fill=INK, font=ImageFont.load_default(13))
    for y in range(80, 340, 50):
        draw.line((40, y, WIDTH - 20, y), fill=LINE)
    points = [
        (40 + x, 200 - 60 * math.sin(x / 70) - 25 * math.sin(x / 17))
        for x in range(0, int((WIDTH - 60) * breaks_off_at), 4)
    ]
    draw.line(points, fill=BAR, width=3)
    if breaks_off_at < 1:
        draw.text((points[-1][0] + 12, 190), "no data", fill=RED, font=ImageFont.load_default(15))
    return _png(image)


def table(rows: Sequence[Sequence[object]]) -> bytes:
    """Write a CSV file."""
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


def document(title: str, lines: Sequence[str]) -> bytes:
    """Write a one-page PDF with a few lines of (Latin) text."""
    escaped = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
    page = f"BT /F1 20 Tf 60 770 Td ({title}) Tj /F1 11 Tf 0 -20 Td 16 TL "
    content = (page + " ".join(f"T* ({line}) Tj" for line in escaped) + " ET").encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    pdf, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return pdf + b"xref\n0 7\n0000000000 65535 f \n%strailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        entries,
        len(pdf),
    )


def _readings(count: int, missing: range) -> list[list[object]]:
    head: list[list[object]] = [["time", "temperature", "humidity", "wind"]]
    return head + [
        [f"{hour // 24 + 1:02d} {hour % 24:02d}:00", "", "", ""]
        if hour in missing
        else [
            f"{hour // 24 + 1:02d} {hour % 24:02d}:00",
            round(11 + 6 * math.sin(hour / 4), 1),
            round(70 - 15 * math.sin(hour / 4)),
            round(4 + 3 * abs(math.sin(hour / 9)), 1),
        ]
        for hour in range(count)
    ]


MAKERS: dict[str, Callable[[], bytes]] = {
    "sign-in-error.png": lambda: message_box(
        "Larkspur Cloud", ["Sign-in failed", "Error LC-401: token has", "expired."]
    ),
    "gateway-error.png": lambda: message_box("Gateway G4", ["No connection to server", "Last contact: 03:12"]),
    "update-failed.png": lambda: message_box("Firmware update", ["Update stopped at 63 %", "Checksum mismatch"]),
    "export-error.png": lambda: message_box("Export", ["Row 10482: value is", "not a number"]),
    "gap.png": lambda: curve("Wind speed, Pier 4", "m/s", 0.62),
    "water-level.png": lambda: curve("Water level, lock 2", "cm"),
    "humidity.png": lambda: curve("Humidity, operating theatre 1", "% rH"),
    "dashboard.png": lambda: curve("Greenhouse 7, temperature", "°C", 0.8),
    "readings.csv": lambda: table(_readings(96, range(40, 52))),
    "calibration.csv": lambda: table(
        [["sensor", "offset", "date"], ["WR-2201", -0.2, "12 Jan"], ["WR-2202", 0.1, "12 Jan"]]
    ),
    "users.csv": lambda: table(
        [["name", "role"], ["Science 1", "viewer"], ["Science 2", "viewer"], ["Office", "editor"]]
    ),
    "gateway.log": lambda: (
        b"03:11:58 uplink: keepalive ok\n03:12:04 uplink: write timed out\n03:12:34 uplink: retry 1\n"
        b"03:13:34 uplink: retry 2\n03:15:34 uplink: giving up, buffering (0 of 4096)\n"
    ),
    "quote-Q-2291.pdf": lambda: document(
        "Quote Q-2291", ["12 x Wren indoor sensor", "1 x Gateway G4", "School discount 20 %", "Valid for 30 days"]
    ),
    "invoice-10877.pdf": lambda: document("Invoice 10877", ["Service contract Gold, one year", "Due within 30 days"]),
    "credit-note-311.pdf": lambda: document("Credit note 311", ["Invoice 10877 was issued twice", "Balance: 0.00"]),
    "certificate.pdf": lambda: document(
        "Calibration certificate",
        ["Instrument: Heron water level gauge", "Deviation within 0.3 cm", "Larkspur laboratory"],
    ),
    "service-report.pdf": lambda: document(
        "Service report", ["Replaced: anemometer bearing", "Tested: 24 h", "Result: within tolerance"]
    ),
}


def content_of(name: str) -> bytes:
    """Give the content of one of the files; raises KeyError for an unknown name."""
    return MAKERS[name]()
