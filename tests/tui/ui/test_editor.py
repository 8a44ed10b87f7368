"""What the operator's own editor is told: the file, the line where it takes one, and no secret."""

from pathlib import Path

from console.tui.ui.editor import editor_command, editor_environment


def test_an_editor_is_told_no_secret_and_the_line_where_it_takes_one() -> None:
    told = editor_environment(
        {"PATH": "/bin", "LC_ALL": "C", "LEASEHOLD_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "y", "TERM": "t"}
    )
    assert told == {"PATH": "/bin", "LC_ALL": "C", "TERM": "t"}
    file = Path("/a/b.cedar")
    assert editor_command("/usr/bin/vim -n", file, 12) == ["/usr/bin/vim", "-n", "+12", "/a/b.cedar"]
    assert editor_command("code --wait", file, 12) == ["code", "--wait", "/a/b.cedar"]
    assert editor_command("vim 'unclosed", file, 1) == []
    assert editor_command("", file, 1) == []
