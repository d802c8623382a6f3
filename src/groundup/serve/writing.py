"""Language models: requests join and leave the batch between two steps."""

from groundup.data.marks import end_of_text
from groundup.decode.choose import Beams, Picker
from groundup.decode.company import Company, Text, Token
from groundup.run.writer import Writer
from groundup.run.writing import Writing
from groundup.serve.job import Engine, Job, Part, Told


class TextEngine(Engine):
    """Writes the texts of all requests together, one token of each a step."""

    def __init__(self, writer: Writer, *, waiting: int, rows: int, max_new_tokens: int):
        """rows: how many texts are written at a time. max_new_tokens: for requests that do not say, and the most."""
        super().__init__(waiting=waiting)
        self.writer, self.rows, self.max_new_tokens = writer, rows, max_new_tokens
        end = end_of_text(writer.tokenizer)
        self.stop_ids = [] if end is None else [end]
        context = writer.model.config.context
        self.company = Company(writer.decoder(), writer.model.begin, context=context, rows=rows, device=writer.device)
        self.rows_of: dict[Text, _Row] = {}

    def check(self, job: Job) -> None:
        """As in `Engine`; beams are refused, since they cannot be streamed."""
        if isinstance(job.choose, Beams):
            raise ValueError("beam search is for translators; leave num_beams out")
        if job.n > self.rows:
            raise ValueError(f"n ({job.n}) must be at most {self.rows}, the texts that are written at a time")
        job.ids = self.writer.prompt_ids(job.prompt)

    def work(self) -> bool:
        """Let waiting jobs join while there is room, and write one token of every text."""
        joining: list[Text] = []
        while (job := self.next_job(lambda job: len(self.rows_of) + job.n <= self.rows)) is not None:
            joining += self._begin(job)
        if joining:
            self._tell(joining, lambda: self.company.join(joining))
        self._drop([row for row in self.rows_of.values() if row.job.cancelled])
        if not self.rows_of:
            return False
        self._tell(list(self.company.texts), self.company.step)
        return True

    def _begin(self, job: Job) -> list[Text]:
        try:
            pick = job.choose.begin(self.writer.device)  # pyright: ignore[reportAttributeAccessIssue]  # see check
            rows = [_Row(self, job, pick, number) for number in range(job.n)]
        except Exception as error:
            self.tell(job, error)
            return []
        texts = [row.text for row in rows]
        self.rows_of |= dict(zip(texts, rows, strict=True))
        return texts

    def _tell(self, texts: list[Text], work) -> None:
        """Do a step and deliver what it wrote. An error ends the texts that took part, and nothing else."""
        try:
            tokens: list[Token] = work()
        except Exception as error:
            for job in {id(self.rows_of[text].job): self.rows_of[text].job for text in texts}.values():
                job.cancelled = True
                self.tell(job, error)
            self._drop([self.rows_of[text] for text in texts])
            return
        self.steps += 1
        done = [row for text, token in zip(texts, tokens, strict=True) if (row := self.rows_of[text]).add(token)]
        self._drop(done)
        self.live = len(self.rows_of)

    def _drop(self, rows: list["_Row"]) -> None:
        for row in rows:
            self.rows_of.pop(row.text, None)
        self.company.leave([row.text for row in rows])
        self.live = len(self.rows_of)


class _Row:
    """One of the texts of a job."""

    def __init__(self, engine: TextEngine, job: Job, pick: Picker, number: int):
        most = engine.max_new_tokens if job.max_new_tokens is None else min(job.max_new_tokens, engine.max_new_tokens)
        self.job, self.number, self.engine = job, number, engine
        self.tokenizer = engine.writer.tokenizer
        self.text = Text(list(job.ids), pick, number, stop_ids=engine.stop_ids, top=job.top or 0)
        self.most = most
        self.writing = Writing(self.tokenizer.stream(), stop_ids=engine.stop_ids, stop=job.stop, limit=most)
        self.sent = ""

    def add(self, token: Token) -> bool:
        """Deliver what has become certain with this token; whether the text is over."""
        self.writing.add(token.id, token.logprob)
        over = self.writing.stopped or self.text.written >= self.most or self.engine.company.full(self.text)
        if over:
            self.writing.finish()
        written = self.writing.certain
        piece, self.sent = written[len(self.sent) :], written
        told = () if self.job.top is None else (self._told(token),)
        ended = ("stop" if self.writing.stopped else "length") if over else None
        self.engine.tell(self.job, Part(self.number, piece, 1, told, ended))
        return over

    def _told(self, token: Token) -> Told:
        spelled = lambda id: self.tokenizer.decode([id])  # noqa: E731
        return Told(spelled(token.id), token.logprob, [(spelled(id), logprob) for id, logprob in token.top])
