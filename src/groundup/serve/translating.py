"""Translators and dialogue models: waiting requests that ask alike are answered as one batch."""

from groundup.data.dialogue import join_turns, plain_turn
from groundup.data.normalise import normalise_sentence
from groundup.decode.choose import Beams, Greedy
from groundup.run.pairs import PairRun
from groundup.run.sentences import sentences
from groundup.run.translator import Answer, Translator
from groundup.serve.job import Engine, Job, Part


class PairEngine(Engine):
    """Answers sentences; `Translator.answers` sorts a batch by length itself."""

    def __init__(self, translator: Translator, *, waiting: int, rows: int, max_new_tokens: int):
        """rows: how many sentences are answered at a time. max_new_tokens: the most that a request may ask for."""
        super().__init__(waiting=waiting)
        self.translator, self.rows, self.max_new_tokens = translator, rows, max_new_tokens
        self.longest = translator.recipe.data.max_length if isinstance(translator, PairRun) else None

    def check(self, job: Job) -> None:
        """As in `Engine`; what translations cannot have is refused."""
        if job.stop:
            raise ValueError("stop strings are for language models; leave stop out")
        if job.top is not None:
            raise ValueError("logprobs are for language models; leave logprobs out")
        if isinstance(job.choose, Beams) and job.choose.width > self.rows:
            raise ValueError(f"num_beams ({job.choose.width}) must be at most {self.rows}")
        if job.n > self.rows:
            raise ValueError(f"n ({job.n}) must be at most {self.rows}")
        if job.n > 1 and isinstance(job.choose, Greedy):
            raise ValueError(f"n ({job.n}) must be 1 where nothing is drawn; give a temperature, or num_beams")
        job.ids = self.translator.source_ids(job.prompt)

    def conversation(self, turns: list[str]) -> str:
        """The turns, oldest first, as one text; the oldest ones are left out if the context cannot hold all."""
        plain = [plain_turn(turn) for turn in turns]
        context = self.translator.model.config.context
        for first in range(len(plain)):
            text = join_turns(plain[first:])
            if len(self.translator.source.encode(text)) < context:
                return text
        return plain[-1]

    def parts(self, line: str) -> list[str]:
        """The line's sentences where it is longer than what the model has learnt from; else the line itself."""
        if self.longest is None or len(self.translator.source.encode(normalise_sentence(line))) < self.longest:
            return [line]
        return sentences(line)

    def work(self) -> bool:
        """Answer waiting jobs that ask for the same kind of answer, as many as there are rows."""
        jobs: list[Job] = []
        while (job := self.next_job(lambda job: self._joins(job, jobs))) is not None:
            jobs.append(job)
        self.live = len(jobs)
        if jobs:
            self._answer(jobs)
        self.live = 0
        return bool(jobs)

    def _joins(self, job: Job, jobs: list[Job]) -> bool:
        return not jobs or (len(jobs) < self.rows and _kind(job) == _kind(jobs[0]))

    def _answer(self, jobs: list[Job]) -> None:
        first = jobs[0]
        most = None if first.max_new_tokens is None else min(first.max_new_tokens, self.max_new_tokens)
        try:
            found = self.translator.answers(
                [job.prompt for job in jobs], first.choose, max_new_tokens=most, num_return_sequences=first.n
            )
        except Exception as error:
            for job in jobs:
                self.tell(job, error)
            return
        self.steps += max((len(answer.ids) for answers in found for answer in answers), default=0)
        for job, answers in zip(jobs, found, strict=True):
            for index in range(job.n):  # beams may have found fewer different answers; an empty sentence has none
                self.tell(job, self._part(index, answers[index] if index < len(answers) else None))

    def _part(self, index: int, answer: Answer | None) -> Part:
        if answer is None:
            return Part(index, "", ended="stop")
        ended = "stop" if answer.ids[-1:] == [self.translator.marks.eos] else "length"
        return Part(index, answer.text, len(answer.ids), ended=ended)


def _kind(job: Job) -> tuple:
    """Jobs of one kind can share a batch. One that draws has a random stream of its own, so it is alone."""
    alone = id(job) if not isinstance(job.choose, Greedy | Beams) else None
    return job.choose, job.max_new_tokens, job.n, alone
