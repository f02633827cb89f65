"""Work for jobs, and all that a job told."""

from dataclasses import dataclass
from typing import Any, ClassVar

from onepixel_gui.problems import Problem
from onepixel_gui.qt.jobs import Job

PATIENCE = 20  # seconds that a worker waits for its test


@dataclass(frozen=True)
class Step:
    droppable: ClassVar[bool] = True
    number: int


@dataclass(frozen=True)
class Result:
    droppable: ClassVar[bool] = False
    number: int


class Thing:
    """Stands for a probe and the memory of a card."""


@dataclass
class Heard:
    """Everything a job told, in order."""

    words: list[Any]

    @property
    def events(self):
        return [word for word in self.words if not isinstance(word, str | Problem)]

    @property
    def problems(self):
        return [word for word in self.words if isinstance(word, Problem)]


def listen(job: Job) -> Heard:
    heard = Heard([])
    job.happened.connect(heard.words.append)
    job.failed.connect(heard.words.append)
    job.finished.connect(lambda: heard.words.append("finished"))
    return heard


def results(*numbers):
    for number in numbers:
        yield Result(number)


def forever():
    number = 0
    while True:
        number += 1
        yield Step(number)
