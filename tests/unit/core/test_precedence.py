"""What people wait for goes first; what can wait comes in a quiet moment, or late, but comes."""

from core.precedence import MOMENT, Precedence


class Lanes:
    """Asks as a worker does, and again when it is rung for."""

    def __init__(self) -> None:
        self.order = Precedence(lambda lane: lane.startswith("can wait"))
        self.begun: list[str] = []
        self.now = 0.0

    def ask(self, lane: str) -> None:
        if self.order.may_begin(lane, self.now, lambda: self.ask(lane)):
            self.begun.append(lane)

    def end(self, lane: str) -> None:
        self.begun.remove(lane)
        self.order.ended(lane, self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.order.look(self.now)


def test_what_can_wait_begins_at_once_where_nothing_else_is_done() -> None:
    lanes = Lanes()
    lanes.ask("can wait")
    assert lanes.begun == ["can wait"]


def test_what_can_wait_begins_a_moment_after_the_last_of_the_others_has_ended() -> None:
    lanes = Lanes()
    for lane in ("a", "b", "can wait"):
        lanes.ask(lane)
    assert lanes.begun == ["a", "b"]
    assert lanes.order.waiting == ("can wait",)
    lanes.end("a")
    assert lanes.begun == ["b"]
    lanes.end("b")
    lanes.pass_time(MOMENT / 2)
    assert lanes.begun == []
    lanes.pass_time(MOMENT * 0.6)
    assert lanes.begun == ["can wait"]
    assert lanes.order.waiting == ()


def test_a_moment_in_which_something_began_is_none() -> None:
    lanes = Lanes()
    for lane in ("a", "can wait"):
        lanes.ask(lane)
    lanes.end("a")
    lanes.pass_time(MOMENT / 2)
    lanes.ask("b")
    lanes.pass_time(MOMENT)
    lanes.end("b")
    lanes.pass_time(MOMENT / 2)
    assert lanes.begun == []
    lanes.pass_time(MOMENT * 0.6)
    assert lanes.begun == ["can wait"]


def test_what_comes_just_after_an_answer_waits_for_a_moment_too() -> None:
    lanes = Lanes()
    lanes.ask("a")
    lanes.end("a")
    lanes.ask("can wait")
    assert lanes.begun == []
    lanes.pass_time(MOMENT)
    assert lanes.begun == ["can wait"]


def test_the_others_never_wait() -> None:
    lanes = Lanes()
    for lane in ("can wait 1", "can wait 2", "a", "b", "c"):
        lanes.ask(lane)
    assert lanes.begun == ["can wait 1", "can wait 2", "a", "b", "c"]


def test_few_of_those_that_can_wait_are_under_way_together_in_the_order_in_which_they_came() -> None:
    lanes = Lanes()
    for number in range(4):
        lanes.ask(f"can wait {number}")
    assert lanes.begun == ["can wait 0", "can wait 1"]
    lanes.end("can wait 1")
    assert lanes.begun == ["can wait 0", "can wait 2"]
    lanes.end("can wait 0")
    assert lanes.begun == ["can wait 2", "can wait 3"]


def test_where_it_is_never_quiet_they_come_late_but_come() -> None:
    lanes = Lanes()
    for lane in ("a", "can wait 1", "can wait 2", "can wait 3"):
        lanes.ask(lane)
    lanes.now = 2.9
    lanes.order.look(lanes.now)
    assert lanes.begun == ["a"]
    lanes.now = 3.0
    lanes.order.look(lanes.now)
    assert lanes.begun == ["a", "can wait 1", "can wait 2"]
    lanes.end("can wait 1")
    assert lanes.begun == ["a", "can wait 2", "can wait 3"]


def test_who_asks_again_has_waited_since_the_first_time() -> None:
    lanes = Lanes()
    lanes.ask("a")
    lanes.ask("can wait")
    lanes.now = 2.0
    lanes.ask("can wait")
    lanes.now = 3.0
    lanes.ask("can wait")
    assert lanes.begun == ["a", "can wait"]
