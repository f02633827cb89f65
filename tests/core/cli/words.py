"""Words for the command line, and what it answers."""

SMALL = ["--population", "60", "--generations", "60"]


class Previewed:
    """A probe whose preview is the network itself."""

    preview_chunk = 100

    def __init__(self, probe):
        self._probe = probe
        self.question, self.chunk, self.confirm = probe.question, probe.chunk, probe.confirm

    def __call__(self, candidates):
        return self._probe(candidates)

    def preview(self, candidates):
        return self._probe(candidates).logits


GUIDED = ("attack", "a.png", "--strategy", "guided", "--model")


def problem(result):
    code, said, errors = result
    assert code == 2
    assert said == []
    assert 1 <= len(errors) <= 2
    return " ".join(errors)
