"""The old location of `leafinstruct.shard.publish.hub`."""

from leafinstruct.deprecated import moved

__getattr__ = moved(
    __name__,
    dict.fromkeys(("PushFile", "PushPlan", "PushResult", "plan_push", "push"), "leafinstruct.shard.publish.hub"),
)
