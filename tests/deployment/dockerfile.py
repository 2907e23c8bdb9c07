"""Reads a Dockerfile and .dockerignore as far as ours go, so that tests can carry out the steps without Docker."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Instruction:
    """One instruction: `RUN`, `COPY`, … and the rest of its lines as one."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value as words; of the JSON form its elements."""
        words: list[str] = json.loads(self.value) if self.value.startswith("[") else shlex.split(self.value)
        return words


@dataclass
class Stage:
    """What stands between two `FROM`."""

    image: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        """Give the instructions of a kind."""
        return [instruction for instruction in self.instructions if instruction.name == name]

    def environment(self) -> dict[str, str]:
        """Give what `ENV` sets."""
        return dict(word.split("=", 1) for instruction in self.all("ENV") for word in instruction.words)


def read_stages(path: Path) -> list[Stage]:
    """Give the stages of a Dockerfile."""
    stages: list[Stage] = []
    for instruction in _instructions(path.read_text()):
        if instruction.name == "FROM":
            words = instruction.words
            stages.append(Stage(words[0], words[2] if len(words) == 3 else ""))
        elif stages:
            stages[-1].instructions.append(instruction)
    return stages


def _instructions(text: str) -> Iterator[Instruction]:
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in re.sub(r"\\\n\s*", "", without_comments).splitlines():
        if line.strip():
            name, _, value = line.strip().partition(" ")
            yield Instruction(name, value.strip())


def build_context() -> list[str]:
    """Give the files that a build may see, relative to the repository; .dockerignore's last matching line counts."""
    rules = [
        (line.lstrip("!"), line.startswith("!"))
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == ("*", False), "only what is named afterwards may be seen"
    named = {pattern.partition("/")[0] for pattern, included in rules if included}
    kept = []
    for path in (path for name in named for path in [REPOSITORY / name, *(REPOSITORY / name).rglob("*")]):
        name = path.relative_to(REPOSITORY).as_posix()
        matches = [included for pattern, included in rules if _matches(pattern, name)]
        if path.is_file() and matches[-1]:
            kept.append(name)
    return sorted(kept)


def _matches(pattern: str, name: str) -> bool:
    """Tell whether the pattern names the path or a directory above it."""
    path = PurePosixPath(name)
    candidates = [path, *path.parents][:-1]
    if pattern.startswith("**/"):
        return any(PurePosixPath(candidate.name).match(pattern[3:]) for candidate in candidates)
    return any(
        len(candidate.parts) == len(PurePosixPath(pattern).parts) and candidate.match(pattern)
        for candidate in candidates
    )


def copy_from_context(instruction: Instruction, target: Path) -> None:
    """Carry out a `COPY` of the context into `target`, which stands for the working directory."""
    *sources, destination = instruction.words
    context = build_context()
    for source in sources:
        names = [name for name in context if source == "." or name == source or name.startswith(f"{source}/")]
        assert names, f"COPY {source}: not in the build context"
        for name in names:
            is_file = source == name
            place = target / destination / (Path(name).name if is_file else name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, place)
