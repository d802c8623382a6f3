"""An exported folder to the Hub, in one commit: a repository has all of it, or what it had before.

The client of Hugging Face does the work, with tokens from its own places alone. Files that arrived before a cut are
not sent again, so the cure for one is the same command once more.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from groundup.publish.verify import FILE

OURS = ["*.safetensors", "*.safetensors.index.json", "*_groundup.py", "chat_template.jinja", "target/*", "pictures/*"]
"""What an earlier push may have left that this one does not have; anything else in a repository stays."""
WEIGHTS = (".safetensors", ".bin", ".gguf", ".pt", ".pth", ".onnx", ".h5")
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"


def files_of(folder: Path) -> list[tuple[str, int]]:
    """What will be sent: names within the repository, and bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]


def check_name(repo: str) -> None:
    """ValueError for what cannot be the name of a repository."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
        named = re.fullmatch(r"[^/]+/[^/]+", repo) is not None
    except HFValidationError:
        named = False
    if not named:
        raise ValueError(
            f"{repo!r} is no name for a repository: it is owner/name, of letters, digits, '-', '_' and '.', "
            "such as ann/my-translator"
        )


def push(folder: Path, repo: str, *, private: bool = False, revision: str | None = None, tag: str | None = None) -> str:
    """Send the folder, and give the address of the commit. ValueError in one line with the cure where it fails."""
    from huggingface_hub import HfApi

    api = HfApi()
    with _in_one_line(repo):
        _check_owner(api.whoami(), repo)
        api.create_repo(repo, private=private, exist_ok=True)
        _check_there(api, repo, private=private)
        if tag is not None:
            _check_tag(api, repo, tag)
        if revision is not None:
            api.create_branch(repo, branch=revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            revision=revision,
            delete_patterns=OURS,
            commit_message="Model, tokenizer and card, made with groundup",
        )
        if tag is not None:
            api.create_tag(repo, tag=tag, revision=commit.oid)
        return commit.commit_url


def _check_owner(who: dict[str, Any], repo: str) -> None:
    mine = [who.get("name"), *(one.get("name") for one in who.get("orgs") or [])]
    owner = repo.split("/")[0]
    if owner not in mine:
        raise ValueError(
            f"{owner} is somebody else: the token is that of {mine[0]}; push to {mine[0]}/{repo.split('/')[1]}, or log "
            "in as a member"
        )


def _check_there(api: Any, repo: str, *, private: bool) -> None:
    """ValueError for a repository that was there with weights of another kind, or open where it should be private."""
    info = api.repo_info(repo, files_metadata=False)
    names = [file.rfilename for file in info.siblings or []]
    if FILE not in names and any(name.endswith(WEIGHTS) for name in names):
        raise ValueError(f"{repo} is there already and holds another model, which is not replaced; take another name")
    if private and info.private is False:
        raise ValueError(
            f"{repo} is there already and everybody can read it; leave out --private, or take another name"
        )


def _check_tag(api: Any, repo: str, tag: str) -> None:
    if any(one.name == tag for one in api.list_repo_refs(repo).tags):
        raise ValueError(f"{repo} has a tag {tag!r} already, which stays where it is; take another --tag")


@contextmanager
def _in_one_line(repo: str) -> Iterator[None]:
    """Whatever the client raises becomes a ValueError that says what to do. No token is in any of them."""
    from huggingface_hub import errors

    try:
        yield
    except ValueError as error:
        if not isinstance(error, errors.HfHubHTTPError):
            raise
        raise ValueError(_refused(error, repo)) from None
    except errors.LocalTokenNotFoundError:
        raise ValueError(f"there is no token for the Hub; {LOGIN}") from None
    except errors.OfflineModeIsEnabled:
        raise ValueError("HF_HUB_OFFLINE is set, so nothing is sent; unset it, or take --dry-run") from None
    except errors.HfHubHTTPError as error:
        raise ValueError(_refused(error, repo)) from None
    except Exception as error:
        cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ is not None else error
        if isinstance(cause, errors.HfHubHTTPError):
            raise ValueError(_refused(cause, repo)) from None
        if not (type(cause).__module__.startswith("httpx") or isinstance(cause, OSError)):
            raise
        if "Connect" in type(cause).__name__ or "Resolve" in type(cause).__name__:
            raise ValueError("the Hub cannot be reached; is there a network? Nothing was changed there") from None
        raise ValueError(
            f"the connection was cut ({type(cause).__name__}); run the same command again: it goes on with what has "
            f"not arrived, and {repo} is as it was until all has"
        ) from None


def _refused(error: Any, repo: str) -> str:
    """What an answer of the Hub means."""
    status = getattr(error.response, "status_code", None)
    if status == 401:
        return f"the Hub does not know this token, or it has expired; {LOGIN} with a new one"
    if status == 403:
        return f"the token may not write to {repo}; take one with the permission to write there, and {LOGIN}"
    if status == 404:
        return f"{repo} is not there, or the token may not see it; check the name and the token's permissions"
    if status == 409:
        return f"the name {repo} is taken; take another"
    if status == 429:
        return "the Hub has had too many requests; wait some minutes and run the same command again"
    reason = next(
        (line for line in str(getattr(error, "server_message", None) or error).splitlines() if line.strip()), ""
    )
    return f"the Hub answered {status}: {reason}; run the same command again later"
