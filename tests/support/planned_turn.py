"""The steps that rules make of one turn, after a list and with what is wanted already."""

from collections.abc import Sequence

from examples import wait
from line import make_line

from recagent.chat.conversation import Conversation, ShownSlate, Wants
from recagent.chat.planning import planned
from recagent.chat.situation import Surroundings
from recagent.chat.steps import Step
from recagent.domain import Event, Item
from recagent.domain.chinese_scripts import simplified


def steps_of_turn(
    text: str,
    *,
    items: Sequence[Item],
    events: Sequence[Event] = (),
    scene: str,
    shown: Sequence[str],
    focus: str | None,
    wants: Wants | None,
) -> tuple[Step, ...]:
    """The steps of a turn of somebody to whom these ids were shown last, if any."""

    async def main() -> tuple[Step, ...]:
        line, _ = await make_line([*items], [*events])
        conversation = Conversation(user_id="ann", scene=scene, focus=focus, wants=wants or Wants())
        if shown:
            conversation.remember_slate(
                ShownSlate(scene=scene, impression="i", item_ids=tuple(shown))
            )
            conversation.focus = focus
        situation = await Surroundings(line).of(conversation)
        made = planned(simplified(text), situation=situation, conversation=conversation)
        await line.close()
        return made

    return wait(main())
