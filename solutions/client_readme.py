"""``README.md`` of a client's folder: how to run it, and what was decided, in both languages."""

from foundation.files import atomic_file
from solutions.client import Client, Replacement

__all__ = ["write_readme"]

_SHOWN = 5


def write_readme(client: Client) -> None:
    """Write it anew from the client's settings and history."""
    name, folder = client.settings.name, client.folder.name
    latest = client.history[-_SHOWN:]
    decisions = "\n\n".join(_decision(entry) for entry in reversed(latest))
    verticals = ", ".join(client.settings.verticals)
    text = f"""# {name}

Verticals: {verticals}. The settings are in `client.toml`; the models and their cards in `bundles/`.

```
colonnade demo --client {folder}                                  # the hub in the client's colours, with their models
colonnade customize VERTICAL --client {folder} --data FILE         # learn from more rows
colonnade customize VERTICAL --client {folder} --task T --rollback # return to the model before
colonnade customize support --client {folder} --knowledge FILE     # answer from these articles
colonnade customize support --client {folder} --dialogues FILE     # propose articles from old conversations
colonnade customize recommendation --client {folder} --items FILE   # items that have just come, without training
```

上面六条命令依次为：以客户的品牌和模型打开页面；用更多数据再学一次；退回上一个模型；改用这些条目作答；
从历史对话中整理条目建议；加入刚上架的内容（无需训练）。
设置在 `client.toml`，模型及其说明在 `bundles/`。

## Decisions / 决定

{decisions}
"""
    with atomic_file(client.folder / "README.md") as temporary:
        temporary.write_text(text, encoding="utf-8")


def _decision(entry: Replacement) -> str:
    said = "answers now / 已启用" if entry.accepted else "was refused / 未启用"
    head = f"**{entry.vertical}/{entry.task}**, {entry.when}, {entry.who}: `{entry.candidate}` {said}. {entry.why}."
    if not entry.own:
        return head
    lines = [
        f"| {told['metric']} ({where}) | {told['former']:.3f} | {told['candidate']:.3f} | "
        f"{told['difference']['value']:+.3f} ({told['difference']['low']:+.3f} to {told['difference']['high']:+.3f}) | "
        f"{told['p']:.2g} | {told['rows']} |"
        for where, part in (("client / 客户", entry.own[:-1]), ("suite / 原有", entry.ours))
        for told in part
        if told["group"] == "all"
    ]
    columns = "| metric | before / 之前 | candidate / 候选 | difference, 95 % interval / 差值 | p | rows / 行数 |"
    return "\n".join([head, "", columns, "|---|---|---|---|---|---|", *lines])
