"""The steps that programs of free sizes are drawn from: tests/oracle/sizes.py.

An expression a line, of ``x`` and for any sizes; behind the arrow the rank of what it gives. Those
that need more than a size offers raise the same error in every engine. ``v(*shape)`` are new
numbers, ``whole(high, *shape)`` new indices, ``mask(*shape)`` new booleans. ``DIM`` stands for each
dimension in turn.
"""

from __future__ import annotations

# How x begins.
_FIRST = """
v(n) -> 1
torch.arange(n).float() + v(1) -> 1
torch.linspace(0, 1, n) -> 1
v(n, 8) -> 2
v(8, n) -> 2
v(n, m) -> 2
v(m, n) -> 2
v(n, n) -> 2
v(n, 2 * n) -> 2
v(n + 1, m) -> 2
v(n, 1) -> 2
v(n, 64) -> 2
v(3, n) -> 2
F.embedding(whole(10, n, m), v(10, 6)) -> 3
v(n, 64).t() -> 2
v(n, m, 6) -> 3
v(m, 6, n) -> 3
v(2, n, m) -> 3
v(n, m, k) -> 3
v(n, 3, n) -> 3
v(n, 3, 10, 12) -> 4
v(2, 3, n, 9) -> 4
v(2, 4, 9, n) -> 4
v(n, 4, m, k) -> 4
v(1, 2, n, 8) -> 4
v(2, 16, n, n) -> 4
v(n, 8, m, 8) -> 4
"""

# For any rank: what does not change the shape.
_AFTER = """
x * 2.5 + 1
x / 3
x.exp().clamp(max=50.0)
x.tanh()
F.gelu(x)
x * torch.sigmoid(x)
x / max(x.shape[-1], 1)
x * max(x.shape[0], 1) ** -0.5
x + x.shape[0]
x * n
x - m
torch.where(x > 0, x, x * 0.1)
x.masked_fill(x > 1, 3.0)
x - x.mean()
x + v(*x.shape)
x + v(x.shape[-1])
x * v(*x.shape[:-1], 1)
x.softmax(-1)
x.log_softmax(0)
x - x.amax(-1, keepdim=True)
F.layer_norm(x, x.shape[-1:])
x.cumsum(-1)
x.cumsum(0)
x.flip(0)
x.flip(-1)
x.sort(-1)[0]
F.dropout(x, 0.3)
x.roll(1, -1)
x / (1e-3 + x.norm(dim=-1, keepdim=True))
x.double().mul(1.5).float()
x + (x.shape[0] == 3)
F.rms_norm(x, x.shape[-1:])
x.clone().add_(1).mul_(n)
x + torch.arange(x.shape[-1])
x - x.mean(0)
x / (x.var(-1, keepdim=True) + 1)
x + x.argmax(-1, keepdim=True)
x * (x == x.max())
x.contiguous()
x.to(torch.bfloat16).float()
(x * 10).int().float() + x
torch.addcmul(x, x, x, value=0.5)
x.cumprod(-1).clamp(-9, 9)
x.logcumsumexp(-1)
"""

# For any rank and dimension: one dimension less, or as many as before.
_LESS = """
x.sum(DIM)
x.mean(DIM)
x.amax(DIM)
x.argmax(DIM).float()
x.logsumexp(DIM)
x.var(DIM)
x.prod(DIM).clamp(-9, 9)
x.norm(dim=DIM)
x.std(DIM, correction=0)
x.median(DIM)[0]
(x > 0).any(DIM).float()
x.select(DIM, -1)
x.select(DIM, 0)
x.select(DIM, x.shape[DIM] // 2)
x.topk(min(3, x.shape[DIM]), DIM)[0].sum(DIM)
x.kthvalue(1, DIM)[0]
x.unbind(DIM)[-1]
"""

_KEEP = """
x.narrow(DIM, 1, x.shape[DIM] - 1)
x.narrow(DIM, 0, x.shape[DIM] - 1)
x.repeat_interleave(2, DIM)
torch.cat([x, x.narrow(DIM, 0, 1)], DIM)
torch.cat([x, x * 2], DIM)
x.split(4, DIM)[-1]
x.chunk(3, DIM)[0]
x.index_select(DIM, whole(x.shape[DIM], 5))
x.tensor_split(2, DIM)[1]
x.index_select(DIM, whole(x.shape[DIM], n))
x.index_add(DIM, whole(x.shape[DIM], x.shape[DIM]), x)
x.gather(DIM, whole(x.shape[DIM], *x.shape))
x.scatter(DIM, whole(x.shape[DIM], *x.shape), 2.0)
x.scatter_add(DIM, whole(x.shape[DIM], *x.shape), x * 2)
x.topk(min(3, x.shape[DIM]), DIM)[0]
x.sort(DIM, descending=True)[0]
x.argsort(DIM).float()
x.cummax(DIM)[0]
x.unfold(DIM, 2, 1)[..., 1]
x.unfold(DIM, 3, 2)[..., 0]
torch.fft.rfft(x, dim=DIM).abs()
x.diff(dim=DIM)
x.flip(DIM)
x.index_copy(DIM, torch.arange(2), x.narrow(DIM, 0, 2) * 3)
x.softmax(DIM)
x.log_softmax(DIM)
x.take_along_dim(x.argsort(DIM), DIM)
x.roll(-2, DIM)
torch.stack([x, x + 1], DIM).flatten(DIM, DIM + 1)
F.normalize(x, dim=DIM)
x.sum(DIM, keepdim=True) + x
torch.cat([x.narrow(DIM, 0, 0), x], DIM)
"""

_ONE = """
x.unsqueeze(0) -> 2
x.unsqueeze(1) -> 2
x.outer(x) -> 2
x[1:] -> 1
x[:-1] -> 1
x[::2] -> 1
x[1::3] -> 1
x.repeat(3) -> 1
x.repeat(n) -> 1
x.expand(4, -1) -> 2
x[None].expand(m, -1) * 2 -> 2
F.pad(x, (1, 2)) -> 1
F.pad(x, (n, m)) -> 1
F.one_hot(x.argsort(), max(x.shape[0], 1)).float() -> 2
torch.diag(x) -> 2
x.view(-1, 1) -> 2
x.unfold(0, 3, 1) -> 2
x[:x.shape[0] // 2 * 2].view(-1, 2) -> 2
v(7, x.shape[0]) @ x -> 1
F.linear(x, v(5, x.shape[0])) -> 1
x[x.argsort()] -> 1
torch.unique(x.round()) -> 1
x[mask(x.shape[0])] -> 1
torch.zeros(10).index_add(0, whole(10, x.shape[0]), x) -> 1
F.conv1d(x[None, None], v(2, 1, 3))[0] -> 2
torch.as_strided(x, (x.shape[0] // 2, 2), (2, 1)) -> 2
torch.stack([x, x * 2, x]) -> 2
torch.bincount(whole(9, x.shape[0]), x.detach()) -> 1
torch.cat([x, torch.zeros(m)]) -> 1
x.new_ones(n) + x.sum() -> 1
torch.histc(x, 8) -> 1
"""

_TWO = """
x.t() -> 2
x.t().contiguous() -> 2
x @ x.t() -> 2
x.t() @ x -> 2
x[1:] -> 2
x @ v(x.shape[1], 8) -> 2
x @ v(x.shape[1], n) -> 2
x @ v(x.shape[1], 96) -> 2
F.linear(x, v(32, x.shape[1]), v(32)) -> 2
F.linear(x, v(3, x.shape[1])) -> 2
x[:, -1] -> 1
v(m, x.shape[0]) @ x -> 2
x[:, 1:] -> 2
x[:-1] -> 2
x[:, ::2] -> 2
x[-1] -> 1
(x @ x.t()).tril() -> 2
x.triu(1) -> 2
x.tril(-1) -> 2
x.flatten() -> 1
x.reshape(-1) -> 1
x.unsqueeze(1) -> 3
x.unsqueeze(-1).expand(-1, -1, 3) + 1 -> 3
x.repeat(2, 3) -> 2
x[:, None] - x[None] -> 3
(x[:, None] * v(1, 3, 1)).sum(1) -> 2
x.tile(1, 2) -> 2
F.cross_entropy(x, whole(x.shape[1], x.shape[0]), reduction='none') -> 1
F.cross_entropy(x, whole(x.shape[1], x.shape[0]).masked_fill(mask(x.shape[0]), -100)) + x -> 2
F.batch_norm(x, None, None, training=True) -> 2
F.pad(x, (1, 0, 0, 2)) -> 2
torch.cdist(x, x) -> 2
x.diagonal() -> 1
torch.einsum('ij,kj->ik', x, x) -> 2
torch.einsum('ij->j', x) -> 1
x[x.argmax(0)] -> 2
x.view(x.shape[0], 2, -1) -> 3
x.reshape(x.shape[1], x.shape[0]) -> 2
x[:, whole(x.shape[1], 4)] -> 2
torch.cov(x) -> 2
x[whole(x.shape[0], m), whole(x.shape[1], m)] -> 1
x.index_put((whole(x.shape[0], 3),), v(x.shape[1])) -> 2
F.max_pool1d(x[None], 2)[0] -> 2
F.avg_pool1d(x[None], 3, 2)[0] -> 2
x.t().reshape(-1) -> 1
F.conv1d(x[None], v(4, x.shape[0], 3), padding=1)[0] -> 2
F.adaptive_avg_pool1d(x[None], 4)[0] -> 2
F.conv1d(x[:, None], v(4, 1, 2)) -> 3
F.interpolate(x[None], scale_factor=2)[0] -> 2
F.interpolate(x[None], size=7, mode='linear')[0] -> 2
F.glu(torch.cat([x, x], 1)) -> 2
F.interpolate(x[None], size=n + 1, mode='nearest')[0] -> 2
torch.kron(x, torch.eye(2)) -> 2
F.scaled_dot_product_attention(x, x, x) -> 2
F.scaled_dot_product_attention(x, x, x, is_causal=True) -> 2
nn.GRU(x.shape[1], 4)(x)[0] -> 2
nn.LSTM(x.shape[1], 4)(x)[0] -> 2
nn.RNN(x.shape[1], 3)(x)[0] -> 2
torch.linalg.svdvals(x) -> 1
torch.linalg.solve(x @ x.t() + 50 * torch.eye(x.shape[0]), x) -> 2
nn.LSTMCell(x.shape[1], 4)(x)[0] -> 2
torch.where(mask(*x.shape), x, 0.0) -> 2
torch.zeros(x.shape[0], x.shape[1] + 2).slice_scatter(x, 1, 1, -1) -> 2
x.masked_fill(mask(*x.shape), -1) -> 2
torch.zeros(20, x.shape[1]).index_add(0, whole(20, x.shape[0]), x) -> 2
x.addmm(x, v(x.shape[1], x.shape[1])) -> 2
F.embedding_bag(whole(x.shape[0], 3, 4), x) -> 2
F.nll_loss(x.log_softmax(1), whole(x.shape[1], x.shape[0])) * x -> 2
nn.Sequential(nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Linear(64, 3))(x) -> 2
F.mse_loss(x, x * 0.5) + x -> 2
x.view(1, *x.shape, 1) -> 4
F.group_norm(x.repeat(1, 2), 2) -> 2
F.cosine_similarity(x[:, None], x[None], -1) -> 2
"""

_THREE = """
x @ x.transpose(1, 2) -> 3
x.bmm(v(x.shape[0], x.shape[2], 5)) -> 3
x.flatten(1) -> 2
x.flatten(0, 1) -> 2
x.transpose(0, 1) -> 3
x.permute(2, 0, 1) -> 3
x.mT.contiguous() -> 3
F.linear(x, v(24, x.shape[2]), v(24)) -> 3
x[:, -1] -> 2
x[:, 1:] -> 3
x[..., -1] -> 2
x[0] -> 2
F.scaled_dot_product_attention(x, x, x, is_causal=True) -> 3
F.scaled_dot_product_attention(x, x, x) -> 3
F.scaled_dot_product_attention(x, x, x, attn_mask=mask(x.shape[1], x.shape[1])) -> 3
F.conv1d(x, v(5, x.shape[1], 3), v(5)) -> 3
F.conv1d(x, v(8, x.shape[1], 1)) -> 3
F.conv1d(x, v(4, x.shape[1], 3), stride=2, padding=1) -> 3
F.conv1d(x, v(x.shape[1], 1, 3), padding=2, dilation=2, groups=x.shape[1]) -> 3
F.conv_transpose1d(x, v(x.shape[1], 3, 2), stride=2) -> 3
F.batch_norm(x, None, None, training=True) -> 3
F.instance_norm(x) -> 3
x.sum((0, 2)) -> 1
x.mean((1, 2)) -> 1
F.max_pool1d(x, 2) -> 3
F.avg_pool1d(x, 3, 1, 1) -> 3
F.adaptive_avg_pool1d(x, 3) -> 3
F.adaptive_max_pool1d(x, 2) -> 3
torch.einsum('bij,bkj->bik', x, x) -> 3
torch.einsum('bij->ji', x) -> 2
x.view(*x.shape, 1) -> 4
x.unsqueeze(1) -> 4
F.pad(x, (2, 1, 1, 0)) -> 3
F.pad(x, (1, 1), mode='reflect') -> 3
F.pad(x, (1, 1), mode='replicate') -> 3
x.repeat(1, 2, 1) -> 3
F.cross_entropy(x, whole(x.shape[1], x.shape[0], x.shape[2])) + x -> 3
x.tril() -> 3
x.amax((0, 1)) -> 1
x.movedim(0, -1) -> 3
F.interpolate(x, scale_factor=2, mode='linear') -> 3
F.interpolate(x, size=n) -> 3
x.reshape(-1, x.shape[-1]) -> 2
x.reshape(x.shape[0], -1) -> 2
nn.LSTM(x.shape[2], 3, batch_first=True)(x)[0] -> 3
nn.GRU(x.shape[2], 3)(x)[1] -> 3
nn.MultiheadAttention(x.shape[2], 1)(x, x, x)[0] -> 3
nn.TransformerEncoderLayer(x.shape[2], 1, 8, dropout=0.0)(x) -> 3
torch.baddbmm(v(1, 1, 1), x, x.mT) -> 3
x[:, whole(x.shape[1], 3)] -> 3
torch.cdist(x, x[:, :2]) -> 3
torch.linalg.det(x @ x.mT) -> 1
x.diagonal(dim1=1, dim2=2) -> 2
x.select(1, 0).unsqueeze(1) + x -> 3
x.expand(2, *x.shape).clone() -> 4
"""

_FOUR = """
F.conv2d(x, v(8, x.shape[1], 3, 3), v(8)) -> 4
F.conv2d(x, v(8, x.shape[1], 3, 3), padding=1) -> 4
F.conv2d(x, v(16, x.shape[1], 1, 1)) -> 4
F.conv2d(x, v(6, x.shape[1], 3, 3), stride=2, padding=1) -> 4
F.conv2d(x, v(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1]) -> 4
F.conv2d(x, v(4, x.shape[1], 5, 5), padding=2) -> 4
F.conv2d(x, v(32, x.shape[1], 3, 3), padding=1).relu() -> 4
F.conv_transpose2d(x, v(x.shape[1], 4, 2, 2), stride=2) -> 4
F.conv_transpose2d(x, v(x.shape[1], 3, 3, 3), padding=1) -> 4
F.max_pool2d(x, 2) -> 4
F.avg_pool2d(x, 2) -> 4
F.max_pool2d(x, 3, 2, 1) -> 4
F.avg_pool2d(x, 3, 1, 1) -> 4
F.adaptive_avg_pool2d(x, 1) -> 4
F.adaptive_avg_pool2d(x, (2, 3)) -> 4
F.batch_norm(x, None, None, training=True) -> 4
F.group_norm(x, 1) -> 4
x.flatten(2) -> 3
x.flatten(1) -> 2
x.mean((2, 3)) -> 2
x.sum((0, 2, 3)) -> 1
x.permute(0, 2, 3, 1) -> 4
x.transpose(1, 2).contiguous() -> 4
F.interpolate(x, scale_factor=2) -> 4
F.interpolate(x, size=(5, 6), mode='bilinear') -> 4
F.interpolate(x, size=(n, 4), mode='bilinear', align_corners=True) -> 4
F.pad(x, (1, 1, 2, 0)) -> 4
F.pad(x, (1, 1, 1, 1), mode='reflect') -> 4
F.unfold(x, 2) -> 3
F.pixel_shuffle(x.repeat(1, 4, 1, 1), 2) -> 4
x[:, :, 1:, :-1] -> 4
x[:, -1] -> 3
x[..., ::2, 1:] -> 4
F.scaled_dot_product_attention(x, x, x, is_causal=True) -> 4
F.scaled_dot_product_attention(x[:, :, -1:], x, x) -> 4
x @ x.mT -> 4
torch.einsum('bhid,bhjd->bhij', x, x) -> 4
x.amax((1, 3)) -> 2
F.grid_sample(x, v(x.shape[0], 4, 4, 2).detach().tanh(), align_corners=False) -> 4
F.cross_entropy(x, whole(x.shape[1], x.shape[0], *x.shape[2:])) + x -> 4
x.flip((2, 3)) -> 4
x.unfold(2, 2, 2).sum(-1) -> 4
F.instance_norm(x) -> 4
"""


def _steps(text: str) -> list[tuple[str, int]]:
    rows = [line.rsplit(" -> ", 1) for line in text.strip().splitlines()]
    return [(step, int(rank)) for step, rank in rows]


def _over(text: str, rank: int, after: int) -> list[tuple[str, int]]:
    lines = text.strip().splitlines()
    return [(line.replace("DIM", str(dim)), after) for line in lines for dim in range(rank)]


FIRST = _steps(_FIRST)
AFTER = _AFTER.strip().splitlines()
# By the rank of x.
STEPS = {
    1: _steps(_ONE) + _over(_KEEP, 1, 1),
    2: _steps(_TWO) + _over(_KEEP, 2, 2) + _over(_LESS, 2, 1),
    3: _steps(_THREE) + _over(_KEEP, 3, 3) + _over(_LESS, 3, 2),
    4: _steps(_FOUR) + _over(_KEEP, 4, 4) + _over(_LESS, 4, 3),
}
