"""Routing, causality of every variant, cached decoding, and saving: what must hold for any number to mean anything."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from leafinstruct.errors import LeafError
from leafinstruct.moss import config as moss_config
from leafinstruct.moss.adapters import (
    disabled,
    from_pretrained,
    inject,
    layer_sizes,
    merge,
    parameter_counts,
    save_pretrained,
)
from leafinstruct.moss.config import CONVOLUTIONS, VARIANTS, MossConfig, match, total_size
from leafinstruct.moss.model import TRAINED_WHOLE
from leafinstruct.moss.neighbors import ImageTokenPositions, ImageTokens
from leafinstruct.moss.tiny import tiny_llama

torch = pytest.importorskip("torch")
LAYOUT = ImageTokens(first=20, count=6, rows=3, columns=3)
SIZES = [(name, 2) for name in VARIANTS] + [(name, 3) for name in CONVOLUTIONS]


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def backbone() -> Any:
    return tiny_llama(vocabulary=26, hidden=32, layers=2, context=64, seed=1).double()


def model_of(variant: str, kernel: int = 2, noise: bool = True) -> Any:
    """A model whose adapters are far from their start, so that every tap and projection counts."""
    config = MossConfig(LAYOUT, variant, r=3, kernel=kernel, modules_to_save=TRAINED_WHOLE)
    model = inject(backbone(), config)
    if noise:
        generator = torch.Generator().manual_seed(2)
        for name, parameter in model.named_parameters():
            if ".moss." in name:
                with torch.no_grad():
                    parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.3)
    return model.eval()


def sequence() -> Any:
    """Two rows: text, image, text, image, text; and an image at the start, padded with text."""
    image = [20 + (7 * i) % 6 for i in range(9)]
    rows = [[1, 2, 3, *image, 4, *image[::-1], 5, 6], [*image, 7, 8, 9, 9, 9, *image]]
    return torch.tensor([row + [0] * (24 - len(row)) for row in rows])


def logits(model: Any, ids: Any) -> Any:
    with torch.no_grad():
        return model(input_ids=ids).logits


def leak(model: Any) -> float:
    """The largest change of an earlier logit when later tokens are cut off or replaced, at any position."""
    ids = sequence()
    full, worst = logits(model, ids), 0.0
    other = torch.where(ids >= LAYOUT.first, (ids - 17) % 6 + 20, (ids + 3) % 10)
    for cut in range(1, ids.shape[1]):
        changed = torch.cat([ids[:, :cut], other[:, cut:]], dim=1)
        for shown in (ids[:, :cut], changed):
            worst = max(worst, float((logits(model, shown)[:, :cut] - full[:, :cut]).abs().max()))
    return worst


@pytest.mark.parametrize(("variant", "kernel"), SIZES)
def test_later_tokens_change_no_earlier_logit(variant: str, kernel: int) -> None:
    assert leak(model_of(variant, kernel)) < 1e-12


def test_centered_convolution_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """`padding="same"` as a table: each token reads the four around it, the later two as well."""

    def centered(places: ImageTokenPositions, offsets: Any, layout: ImageTokens) -> Any:
        tokens = [(i, *divmod(p, 3)) for i, p in zip(places.image.tolist(), places.raster.tolist(), strict=True)]
        index = {token: i for i, token in enumerate(tokens)}
        taps = [(-1, 0), (0, -1), (0, 1), (1, 0)]
        return torch.tensor([[index.get((i, r - u, c - le), len(tokens)) for i, r, c in tokens] for u, le in taps])

    monkeypatch.setattr(moss_config, "neighbor_table", centered)
    assert leak(model_of("moss", kernel=2)) > 1e-3


def test_moss_is_the_convolution_of_the_paper() -> None:
    """One layer against conv2d over each image, padded above and to the left."""
    model = model_of("moss")
    linear = model.model.layers[0].mlp.up_proj
    seen: dict[str, Any] = {}
    linear.register_forward_hook(lambda module, args, output: seen.update(x=args[0], y=output))
    ids = sequence()
    logits(model, ids)
    moss, extra = linear.moss, (seen["y"] - seen["x"] @ linear.weight.T) / model.moss_routing.config.scale
    kernel = moss["image_down"].view(2, 2, 3, -1).permute(2, 3, 0, 1).flip(2, 3)
    for row, start in ((0, 3), (0, 13), (1, 0), (1, 14)):
        grid = seen["x"][row, start : start + 9].T.view(1, -1, 3, 3)
        down = torch.nn.functional.conv2d(torch.nn.functional.pad(grid, (1, 0, 1, 0)), kernel)
        expected = down.view(3, 9).T @ moss["image_up"].T
        torch.testing.assert_close(extra[row, start : start + 9], expected)
    text = ids < LAYOUT.first
    torch.testing.assert_close(extra[text], seen["x"][text] @ moss["text_down"].T @ moss["text_up"].T)


@pytest.mark.parametrize("variant", VARIANTS)
def test_starts_as_the_base_model(variant: str) -> None:
    assert logits(model_of(variant, noise=False), sequence()).equal(logits(backbone().eval(), sequence()))


def test_kernel_starts_as_a_delta() -> None:
    down = model_of("moss", noise=False).model.layers[0].self_attn.q_proj.moss["image_down"]
    assert down[0].abs().min() > 0
    assert not down[1:].any()


@pytest.mark.parametrize("variant", ["separate", *CONVOLUTIONS])
@pytest.mark.parametrize(("ids", "own"), [([[1, 2, 3]], "text"), ([[20] * 9], "image")])
def test_each_modality_touches_its_own_adapter_only(variant: str, ids: list[list[int]], own: str) -> None:
    model = model_of(variant)
    model(input_ids=torch.tensor(ids)).logits.square().sum().backward()
    for name, parameter in model.named_parameters():
        if ".moss." in name:
            touched = parameter.grad is not None and bool(parameter.grad.any())
            assert touched == (f"moss.{own}_" in name), name


def test_only_adapters_and_modules_to_save_are_trained() -> None:
    trained = {name for name, p in model_of("moss").named_parameters() if p.requires_grad}
    assert {name for name in trained if ".moss." not in name} == {"model.embed_tokens.weight", "lm_head.weight"}
    assert len(trained) == 2 + 2 * 7 * 4


@pytest.mark.parametrize("variant", VARIANTS)
def test_save_and_load_give_the_same_logits(variant: str, tmp_path: Path) -> None:
    model = model_of(variant)
    with torch.no_grad():
        model.lm_head.weight.add_(0.1)
    save_pretrained(model, tmp_path)
    loaded = from_pretrained(backbone(), tmp_path).eval()
    assert logits(loaded, sequence()).equal(logits(model, sequence()))
    assert '"peft_type": "MOSS"' in (tmp_path / "adapter_config.json").read_text()


def test_wrong_body_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match=r"adapter_config.json: no such file"):
        from_pretrained(backbone(), tmp_path)
    save_pretrained(model_of("moss"), tmp_path)
    other = tiny_llama(vocabulary=26, hidden=16, layers=2, context=64, seed=1)
    with pytest.raises(LeafError, match="does not fit the model"):
        from_pretrained(other, tmp_path)
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    with pytest.raises(LeafError, match="another library"):
        from_pretrained(backbone(), tmp_path)


def test_deep_copy_uses_its_own_adapters() -> None:
    model = model_of("moss")
    before = logits(model, sequence())
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            if ".moss." in name:
                parameter.zero_()
    assert logits(model, sequence()).equal(before)
    assert not torch.allclose(logits(twin, sequence()), before)


@pytest.mark.parametrize(("variant", "kernel"), SIZES)
def test_cached_decoding_equals_the_full_pass(variant: str, kernel: int) -> None:
    from transformers import DynamicCache

    model, ids = model_of(variant, kernel), sequence()
    steps, cache = [], DynamicCache()
    with torch.no_grad():
        for start, end in [(0, 7), *((t, t + 1) for t in range(7, 20)), (20, 24)]:
            step = model(input_ids=ids[:, start:end], past_key_values=cache, use_cache=True)
            steps.append(step.logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), logits(model, ids), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kernel", "most"), [(2, 4), (3, 8)])
def test_cache_forgets_what_no_tap_reaches(kernel: int, most: int) -> None:
    """Rows of three: a 2 x 2 kernel reads at most 4 tokens back, a 3 x 3 kernel 8."""
    from transformers import DynamicCache

    model, ids, sizes = model_of("moss", kernel), sequence()[:1, :13], []
    cache = DynamicCache()
    with torch.no_grad():
        for time in range(13):
            model(input_ids=ids[:, time : time + 1], past_key_values=cache, use_cache=True)
            sizes.append(len(model.moss_routing.cache.kept))
    assert max(sizes) == most
    assert sizes[-1] == 0  # the image is whole and text follows
    assert {len(rows) for rows in model.moss_routing.cache.projected.values()} == {0}


@pytest.mark.parametrize("variant", VARIANTS)
def test_stock_generate_with_and_without_cache_agree(variant: str) -> None:
    model = model_of(variant)
    with torch.no_grad():
        model.lm_head.weight[LAYOUT.first :] *= 3  # so that images are written too
    start = sequence()[:, :8]
    plain, cached = (
        model.generate(start, max_new_tokens=20, do_sample=False, use_cache=use_cache, pad_token_id=0)
        for use_cache in (False, True)
    )
    assert (plain[:, 8:] >= LAYOUT.first).any()
    assert cached.equal(plain)


def test_cache_without_the_convolutions_past_is_refused() -> None:
    from transformers import DynamicCache

    model, ids = model_of("moss"), sequence()
    with torch.no_grad():
        past = backbone()(input_ids=ids[:, :9], past_key_values=DynamicCache(), use_cache=True).past_key_values
        with pytest.raises(LeafError, match="use_cache=False"):
            model(input_ids=ids[:, 9:10], past_key_values=past, use_cache=True)
    with pytest.raises(LeafError, match="beam search"):
        model.generate(ids, max_new_tokens=3, num_beams=2, do_sample=False, use_cache=True, pad_token_id=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_switched_off_it_is_the_base_model(variant: str) -> None:
    model, ids = model_of(variant), sequence()
    with disabled(model):
        assert logits(model, ids).equal(logits(backbone().eval(), ids))
    assert not torch.allclose(logits(model, ids), logits(backbone().eval(), ids))


def test_merged_linear_is_the_same_model_and_nothing_else_merges() -> None:
    model = model_of("linear")
    before = logits(model, sequence())
    merge(model)
    assert not any(".moss." in name for name, _ in model.named_parameters())
    torch.testing.assert_close(logits(model, sequence()), before, rtol=0, atol=1e-12)
    for variant in ("separate", *CONVOLUTIONS):
        with pytest.raises(LeafError, match="cannot be merged"):
            merge(model_of(variant))


def test_dropout_acts_in_training_only() -> None:
    model = model_of("moss")
    dropping = inject(backbone(), MossConfig(LAYOUT, r=3, dropout=0.5, modules_to_save=TRAINED_WHOLE))
    dropping.load_state_dict(model.state_dict())
    ids = sequence()
    assert logits(dropping.eval(), ids).equal(logits(model, ids))
    assert not torch.allclose(logits(dropping.train(), ids), logits(model, ids))


@pytest.mark.parametrize("variant", VARIANTS)
def test_sizes_are_known_before_anything_is_made_and_can_be_matched(variant: str) -> None:
    config = MossConfig(LAYOUT, variant, r=2)
    layers = layer_sizes(backbone(), config)
    assert parameter_counts(inject(backbone(), config))["adapter"] == total_size(config, layers)
    budget = total_size(MossConfig(LAYOUT, "moss", r=4), layers)
    matched = match(config, budget, layers)
    assert matched.scale == config.scale
    assert 0.85 * budget < parameter_counts(inject(backbone(), matched))["adapter"] <= budget
    with pytest.raises(LeafError, match="rank 1 needs"):
        match(config, 100, layers)


def test_misuse_is_told_plainly() -> None:
    model = model_of("moss")
    for call, words in [
        (lambda: merge(model), "cannot be merged"),
        (lambda: inject(model, MossConfig(LAYOUT)), "already"),
        (lambda: merge(backbone()), "no MoSS adapters"),
        (lambda: model(inputs_embeds=torch.zeros(1, 2, 32, dtype=torch.float64)), "input_ids"),
        (lambda: MossConfig(LAYOUT, "mos"), "linear, separate, moss, depthwise"),
        (lambda: inject(backbone(), MossConfig(LAYOUT, target_modules=("qkv",))), "qkv"),
    ]:
        with pytest.raises(LeafError, match=words):
            call()
