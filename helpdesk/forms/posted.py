"""What somebody submitted: the fields of a web page or the keys of a JSON document, under one interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict


class Posted:
    """Submitted values and files. Names of values compare without regard to case, as osTicket's variable names do."""

    def __init__(
        self,
        values: Mapping[Any, Any] | None = None,
        files: MultiValueDict[str, Any] | None = None,
        *,
        upload_owner: str = "",
    ) -> None:
        """Take a QueryDict or any other mapping, uploaded files, and who may hand in files uploaded before."""
        self.upload_owner = upload_owner
        given: Mapping[Any, Any] = values if values is not None else {}
        if isinstance(given, QueryDict):
            self._lists: dict[str, Any] = {key.casefold(): given.getlist(key) for key in given}
            self._is_page = True
        else:
            self._lists = {str(key).casefold(): value for key, value in given.items()}
            self._is_page = False
        self._files = files

    def has(self, name: str) -> bool:
        """Whether a value of this name was submitted."""
        return name.casefold() in self._lists

    def one(self, name: str) -> Any:
        """Give the last value of this name, as a page posts it; None without one."""
        found = self._lists.get(name.casefold())
        if self._is_page:
            return found[-1] if found else None
        return found

    def any(self, name: str) -> Any:
        """Give the value as it came: of a page one text, or a list where there are several."""
        found = self._lists.get(name.casefold())
        if self._is_page and found is not None:
            return found[0] if len(found) == 1 else found
        return found

    def many(self, name: str) -> list[Any]:
        """Give all values of this name, also those that PHP clients post as `name[]`."""
        return [*self._values(name), *self._values(f"{name}[]")]

    def files(self, name: str) -> Sequence[UploadedFile[Any]]:
        """Give the files uploaded under this name."""
        return self._files.getlist(name) if self._files is not None else []

    def _values(self, name: str) -> Iterable[Any]:
        found = self._lists.get(name.casefold())
        if found is None:
            return []
        return found if isinstance(found, list | tuple) else [found]
