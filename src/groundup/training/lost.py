"""When another rank does not answer: what PyTorch's many lines about a failed exchange mean, in one."""

from groundup.training import launch

# What gloo and NCCL say when the other end of a connection is no more.
GONE = ("connection closed", "connection reset", "connection refused", "broken pipe", "remote process exited")


def lost(error: RuntimeError, timeout: float) -> OSError | None:
    """What a failed exchange means, in a line; None for any other error."""
    text, rank = str(error).lower(), launch.rank()
    if "timed out" in text or "timeout" in text:
        return TimeoutError(
            f"rank {rank}: another rank did not answer within {timeout:g} s, so this one stops; "
            "see what the others said last, or allow more with --train.timeout"
        )
    if any(words in text for words in GONE):
        return ConnectionError(f"rank {rank}: another rank is gone, so this one stops; see what that one said last")
    return None
