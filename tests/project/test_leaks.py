"""The detector in tests/conftest.py finds what a test leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_a_thread_that_outlives_its_test_fails_it(
    root: Path, pytester: pytest.Pytester
) -> None:
    """The failure names the thread; a test that ends its thread passes."""
    detector = (root / "tests/conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(detector.replace("TIMEOUT_S = 2.0", "TIMEOUT_S = 0.05"))
    pytester.makepyfile(
        """
        import threading

        HELD = threading.Event()

        def test_clean():
            thread = threading.Thread(target=HELD.wait, args=(0.01,))
            thread.start()
            thread.join()

        def test_leak():
            threading.Thread(target=HELD.wait, name="forgotten", daemon=True).start()
        """
    )

    tools = f"pythonpath={root / 'tools'}"  # which the detector's file imports
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-o", tools)

    outcome.assert_outcomes(passed=2, errors=1)
    outcome.stdout.fnmatch_lines(["*threads are still running: forgotten;*"])
