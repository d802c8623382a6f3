"""The chat template of a dialogue model: what was said, as the model was taught to read it."""

from groundup.data.dialogue import MARK, SIGN, knows_turns
from groundup.run.pairs import PairRun

TURNS = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}"
    "{{ raise_exception('this model was taught no system messages; leave them out') }}"
    "{%- endif -%}"
    "{{ message['content'] | replace('SIGN', ' ') | trim }}{% if not loop.last %}MARK{% endif %}"
    "{%- endfor -%}"
)
LAST = "{{ messages[-1]['content'] | replace('SIGN', ' ') | trim }}"


def template_for(run: PairRun) -> str | None:
    """All turns, or the last alone where the model was taught single replies; None for a run that translates.

    It gives text: the tokenizer then adds the end token, and what a person types never becomes a special token.
    """
    if run.recipe.task != "dialogue":
        return None
    return (TURNS if knows_turns(run.source) else LAST).replace("SIGN", SIGN).replace("MARK", MARK)
