"""The time of a step: products, memory traffic and network, each at a share of the data sheet's rate.

    step = products + traffic + optimizer, but at least the time to launch all operations of the micro-batches,
           + the part of the network time that does not overlap with them
    all-reduce of S bytes     2 (p-1)/p S/link + 2 (n-1)/n (S/p)/network     p devices a node, n nodes, in rings
    all-gather, scatter       half of that

ddp exchanges float32 gradients once a step, during the last micro-batch's backward pass. fsdp gathers float32 weights
twice a micro-batch (forward and backward) and scatters gradients once a step. Ranks also agree three times a step, on
its tokens, its loss and whether to stop: a few bytes through the processors, but all wait for every hop. This is what
`training.distributed` does.
"""

from dataclasses import dataclass

from groundup.plan.memory import Parallel, kept_by_all
from groundup.plan.work import Work
from groundup.training.devices import Device

AGREEMENTS = 3  # in every step
OPERATIONS = 50  # operations of a block in a micro-batch, forward and backward; 75 with cross-attention
OTHERS = 50  # operations of embedding, head, loss and optimizer


@dataclass(frozen=True)
class Assumptions:
    """The shares of a data sheet's rates that a training reaches, and fixed times. Every plan prints all of them."""

    products: float = 0.5
    """Share of the peak rate that matrix products of a model's shapes reach."""
    bandwidth: float = 0.8
    """Share of the memory's bandwidth."""
    network: float = 0.7
    """Share of the rates of links and network."""
    overlap: float = 0.8
    """Share of an exchange that can overlap with computation, if there is enough computation."""
    touches: float = 4.0
    """How often a kept activation is written or read: created and used, and the same for its gradient."""
    latency: float = 10e-6
    """Seconds of each hop of a ring."""
    agreement: float = 30e-6
    """Seconds of each hop of an agreement."""
    message: float = 5e-6
    """Seconds that rank 0 needs to receive the message of one rank."""
    launch: float = 8e-6
    """Seconds that PyTorch needs to launch one operation: small models wait for this, however fast the device is."""

    def __str__(self) -> str:
        return (
            f"products run at {self.products:.0%} of the peak, memory at {self.bandwidth:.0%}, network at "
            f"{self.network:.0%} of its rate; {self.overlap:.0%} of an exchange hides behind work; a kept activation "
            f"is touched {self.touches:g} times; a hop of a ring takes {1e6 * self.latency:g} µs, of a step's three "
            f"agreements {1e6 * self.agreement:g} µs, and {1e6 * self.message:g} µs a rank; to launch an operation "
            f"takes {1e6 * self.launch:g} µs; every batch is full"
        )


@dataclass(frozen=True)
class Cluster:
    """Equal devices in nodes of equal size."""

    device: Device
    devices: int
    per_node: int

    @property
    def nodes(self) -> int:
        return -(-self.devices // self.per_node)

    @property
    def local(self) -> int:
        """The number of devices used in one node."""
        return min(self.devices, self.per_node)

    def gather(self, size: float, assume: Assumptions) -> float:
        """Return the seconds to gather `size` bytes from all devices on every device, or to scatter them."""
        p, n = self.local, self.nodes
        near = (p - 1) / p * size / self.device.link
        far = (n - 1) / n * size / p / self.device.network
        return (near + far) / assume.network + assume.latency * (p - 1 + n - 1)

    def agree(self, assume: Assumptions) -> float:
        """Return the seconds until all processes know the sum of a number from each: a hop to rank 0, a tree back."""
        levels = (self.devices - 1).bit_length()
        return (1 + levels) * assume.agreement + (self.devices - 1) * assume.message


@dataclass(frozen=True)
class StepTime:
    """The seconds of one step."""

    products: float
    traffic: float
    optimizer: float
    network: float
    """All network time; `exposed` is the part that does not overlap with computation."""
    exposed: float
    launches: float = 0.0
    """The time to launch all operations: no step takes less."""

    @property
    def total(self) -> float:
        return max(self.products + self.traffic + self.optimizer, self.launches) + self.exposed


def step_time(
    work: Work,
    cluster: Cluster,
    *,
    tokens: int,
    micro_batches: int,
    parallel: Parallel,
    recompute: bool,
    half: bool,
    assume: Assumptions,
) -> StepTime:
    """Return the time of a step in which every rank takes `micro_batches` of `tokens` each."""
    device, N = cluster.device, work.parameters
    again = 2 * work.block_matrices if recompute else 0.0
    products = tokens * micro_batches * (work.flops + again) / (device.peak * assume.products)
    bytes_a_token = assume.touches * kept_by_all(work.config, half=half) + 2 * 8 * work.config.vocab_size
    if work.chunk_head is not None:  # every chunk adds its gradient of the head's weights (4 bytes each) to the sum
        bytes_a_token += 16 * work.config.vocab_size * work.config.width / min(work.chunk_head, tokens)
    traffic = tokens * micro_batches * bytes_a_token / (device.bandwidth * assume.bandwidth)
    mine = N / cluster.devices if parallel == "fsdp" else N
    optimizer = 28 * mine / (device.bandwidth * assume.bandwidth)  # reads 16 bytes a parameter, writes 12
    exchange = cluster.gather(4 * N, assume)
    layers = work.config.layers + (work.config.encoder_layers or 0)
    if cluster.devices == 1:
        network = hidden_by = 0.0
    elif parallel == "fsdp":
        hops = assume.latency * (cluster.local + cluster.nodes - 2) * layers  # one gather for every block
        network = (2 * micro_batches + 1) * (exchange + hops)
        hidden_by = products + traffic
    else:
        network = 2 * exchange
        hidden_by = (products + traffic) * 2 / 3 / micro_batches
    agreements = AGREEMENTS * cluster.agree(assume) if cluster.devices > 1 else 0.0
    exposed = network - min(assume.overlap * network, hidden_by) + agreements
    return StepTime(products, traffic, optimizer, network + agreements, exposed, _launches(work, micro_batches, assume))


def _launches(work: Work, micro_batches: int, assume: Assumptions) -> float:
    encoder = work.config.encoder_layers
    blocks = work.config.layers * (1.0 if encoder is None else 1.5) + (encoder or 0)
    return assume.launch * micro_batches * (OPERATIONS * blocks + OTHERS)
