"""Language models in vLLM, in this process: the fast back-end on a GPU, and a usable one on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.models.device import quiet_threads, set_unset
from leafinstruct.models.llm import Generation
from leafinstruct.models.local import LocalLlm, Row, cannot_load
from leafinstruct.models.weights import resolve
from leafinstruct.settings import Positive

# On a CPU: one process, no thread binding (it needs its own cores), a key-value cache of 1 GiB, and no compiling at the
# first request (8 s, and a C++ compiler, to rank log-probabilities that nothing reads).
CPU_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCHDYNAMO_DISABLE": "1",
}
# bfloat16 is 6 times slower than float32 on CPUs without AMX; compiling takes longer than a small run. For a prompt
# read in two chunks, vLLM 0.32 rewinds its random generator, which fails on a CPU ("does not use offset").
CPU_ENGINE = {"dtype": "float32", "enforce_eager": True, "enable_chunked_prefill": False}


class VllmLlm(LocalLlm):
    """A model in vLLM. `engine` has further arguments of `vllm.LLM` (tensor_parallel_size, quantization, ...).

    `batch_size` is also vLLM's `max_num_seqs`: a whole chunk runs at once.
    """

    def __init__(
        self,
        model: str,
        *,
        batch_size: Positive = 16,
        max_model_len: Positive = 2048,
        engine: dict[str, Any] | None = None,
    ) -> None:
        on_cpu = _platform(model) == "cpu"
        found = resolve(model)
        arguments: dict[str, Any] = {
            "model": found.path,
            "revision": found.requested,
            "max_model_len": max_model_len,
            "max_num_seqs": batch_size,
            "seed": 0,
            "use_tqdm_on_load": False,
            "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        }
        arguments |= (CPU_ENGINE if on_cpu else {}) | (engine or {})
        import torch
        from vllm import LLM

        self._set_num_threads = torch.set_num_threads  # vLLM replaces it on a CPU
        try:
            self._llm: Any = LLM(**arguments)
        except Exception as error:  # vLLM raises many kinds of errors: each becomes one line
            raise cannot_load(found, error) from error
        super().__init__(found, batch_size, max_model_len)

    def close(self) -> None:
        """Shut down the engine and leave vLLM's process group, so that a trainer can run in this process later."""
        import torch
        from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

        self._llm.llm_engine.engine_core.shutdown()
        del self._llm
        cleanup_dist_env_and_memory()
        torch.set_num_threads = self._set_num_threads

    def _answer(
        self, rows: list[list[int]], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        structured = StructuredOutputsParams(json=schema, disable_any_whitespace=True) if schema else None
        params = SamplingParams(
            temperature=temperature, seed=seed, max_tokens=max_tokens, structured_outputs=structured
        )
        return [_generation(output) for output in self._run(rows, params)]

    def _score(self, rows: Sequence[Row]) -> list[float]:
        from vllm import SamplingParams

        # 0: no alternatives, only the log-probability of the prompt's own tokens.
        params = SamplingParams(temperature=0, max_tokens=1, prompt_logprobs=0, detokenize=False)
        outputs = self._run([row.ids for row in rows], params)
        return [
            sum(output.prompt_logprobs[place][row.ids[place]].logprob for place in range(row.first, len(row.ids)))
            for row, output in zip(rows, outputs, strict=True)
        ]

    def _next(self, rows: Sequence[list[int]], tokens: list[int]) -> list[list[float]]:
        from vllm import SamplingParams

        params = SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=tokens, detokenize=False)
        outputs = self._run(list(rows), params)
        return [[output.outputs[0].logprobs[0][token].logprob for token in tokens] for output in outputs]

    def _run(self, rows: list[list[int]], params: Any) -> list[Any]:
        from vllm.inputs import TokensPrompt

        # A cache from an earlier chunk would change the last bits of this one's numbers: each starts empty.
        self._llm.reset_prefix_cache()
        return self._llm.generate([TokensPrompt(prompt_token_ids=row) for row in rows], params, use_tqdm=False)


def _generation(output: Any) -> Generation:
    answer = output.outputs[0]
    tokens = len(answer.token_ids)
    return Generation(answer.text, len(output.prompt_token_ids), tokens, answer.finish_reason or "stop")


def _platform(model: str) -> str:
    """The device type that vLLM finds. Raises LeafError if vLLM is not installed or finds none.

    Importing vLLM is not enough: its CUDA build imports on a machine without a GPU and fails only when it starts.
    """
    try:
        cpu_build = bool(version("vllm-cpu"))
    except PackageNotFoundError:
        cpu_build = False
    if cpu_build:  # before the import: torch and vLLM read these once
        quiet_threads()
        set_unset(CPU_ENVIRONMENT)
    try:
        from vllm.platforms import current_platform
    except ImportError as error:
        raise LeafError(
            f"model {model!r} needs vLLM ({error}): pip install leafinstruct[gpu] or leafinstruct[cpu]"
        ) from error
    device = str(current_platform.device_type)
    if not device:
        raise LeafError("vLLM finds no device: this is its GPU build; on a CPU install leafinstruct[cpu] instead")
    if device == "cpu":
        set_unset(CPU_ENVIRONMENT)
    return device


Backend = VllmLlm
