"""Explain in one line what PyTorch's long errors about a failed exchange between ranks mean."""

from groundup.training import launch

# Words in the errors of gloo and NCCL when the process at the other end has gone.
GONE = ("connection closed", "connection reset", "connection refused", "broken pipe", "remote process exited")


def lost(error: RuntimeError, timeout: float) -> OSError | None:
    """Return the error to raise for a failed exchange between ranks, or None if `error` is about something else."""
    text, rank = str(error).lower(), launch.rank()
    if "timed out" in text or "timeout" in text:
        return TimeoutError(
            f"rank {rank}: another rank did not answer within {timeout:g} s, so this one stops; "
            "see what the others said last, or allow more with --train.timeout"
        )
    if any(words in text for words in GONE):
        return ConnectionError(f"rank {rank}: another rank is gone, so this one stops; see what that one said last")
    return None
