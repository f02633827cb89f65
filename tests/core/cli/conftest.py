"""The command line in a folder with a small network and its tiles."""

import pytest

from onepixel_gui import cli
from tests.core.cli.words import Previewed
from tests.core.networks import save_bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return save_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def go(bench, monkeypatch, capsys):
    """Run in-process: (exit code, stdout lines, stderr lines)."""
    monkeypatch.chdir(bench)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words, **how):
        code = cli.run([str(word) for word in words], **how)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out.splitlines(), err.splitlines()

    return run


@pytest.fixture
def previewed(monkeypatch):
    from onepixel_gui.classifier.classifier import Classifier

    plain = Classifier.probe

    def probe(self, tile, **how):
        return Previewed(plain(self, tile, **how))

    monkeypatch.setattr(Classifier, "probe", probe)
