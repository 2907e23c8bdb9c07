"""Whether what calls itself an image is one (osticket/files.md §6). Nothing is decoded here but the header."""

from __future__ import annotations

import warnings
from typing import Any

from django.core.files.uploadedfile import UploadedFile

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO")
DRAWINGS = {"image/svg+xml", "image/heic", "image/heif", "image/avif", "image/x-icon", "image/vnd.adobe.photoshop"}
"""Types of images that cannot be looked into here; downloads never show them."""
MOST_PIXELS = 100_000_000
"""A small file can hold an image that fills the memory of whoever looks at it."""


def is_image(upload: UploadedFile[Any]) -> bool:
    """Whether a file of type `image/…` begins like one, and is no larger than a browser can show."""
    from PIL import Image, UnidentifiedImageError  # when a picture comes: most processes never see one

    if (upload.content_type or "").lower() in DRAWINGS:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(upload, formats=FORMATS)
        width, height = image.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return False
    finally:
        upload.seek(0)
    return width * height <= MOST_PIXELS
