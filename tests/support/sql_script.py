"""Where the statements of a psql script end, so that what each of them prints can be told apart."""
import re

_DOLLAR = re.compile(r"\$([A-Za-z_\x80-\uffff][A-Za-z0-9_\x80-\uffff]*)?\$")
_COPY_FROM_STDIN = re.compile(r"copy\b.*\bfrom\s+stdin\b", re.I | re.S)
_ATOMIC = re.compile(r"begin\s+atomic\b", re.I)
_CASE = re.compile(r"case\b", re.I)
_END = re.compile(r"end\b", re.I)
MARK = "@@@"


class Splitter:
    """Follows psql's own rules: quotes, dollar quotes, comments, parentheses, BEGIN ATOMIC, backslash commands."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.start = 0  # of the statement
        self.depth = 0
        self.atomic = 0

    def ends(self):
        """Offsets of line ends behind which a statement, or a backslash command, is complete."""
        text = self.text
        while self.at < len(text):
            c = text[self.at]
            if c == "\\":
                if text.startswith("\\;", self.at):
                    self.at += 2
                    continue
                self.at = self.end_of_line(self.at)
                yield self.begin_statement(self.at)
            elif c == "-" and text.startswith("--", self.at):
                self.at = self.end_of_line(self.at)
            elif c == "/" and text.startswith("/*", self.at):
                self.skip_comment()
            elif c in "'\"":
                self.skip_quoted(c)
            elif c == "$" and not self.follows_word():
                self.skip_dollar_quoted()
            elif c == ";" and self.depth == 0 and self.atomic == 0:
                end = self.end_of_statement()
                if end is not None:
                    yield end
            else:
                self.follow_nesting(c)
                self.at += 1

    def begin_statement(self, at):
        self.start, self.depth, self.atomic = at, 0, 0
        return at

    def end_of_line(self, at):
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def follows_word(self):
        return self.at > 0 and (self.text[self.at - 1].isalnum() or self.text[self.at - 1] == "_")

    def skip_comment(self):
        depth, self.at = 1, self.at + 2
        while self.at < len(self.text) and depth:
            if self.text.startswith("/*", self.at):
                depth, self.at = depth + 1, self.at + 2
            elif self.text.startswith("*/", self.at):
                depth, self.at = depth - 1, self.at + 2
            else:
                self.at += 1

    def skip_quoted(self, quote):
        before = self.text[max(0, self.at - 2):self.at]
        escapes = quote == "'" and before[-1:] in ("e", "E") and not (before[:-1].isalnum() or before[:-1] == "_")
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != quote:
            self.at += 2 if escapes and self.text[self.at] == "\\" else 1
        self.at += 1

    def skip_dollar_quoted(self):
        tag = _DOLLAR.match(self.text, self.at)
        if tag is None:
            self.at += 1
            return
        end = self.text.find(tag.group(0), tag.end())
        self.at = len(self.text) if end < 0 else end + len(tag.group(0))

    def follow_nesting(self, c):
        if c == "(":
            self.depth += 1
        elif c == ")" and self.depth:
            self.depth -= 1
        elif c in "bB" and _ATOMIC.match(self.text, self.at):
            self.atomic = 1
        elif self.atomic and not self.follows_word():
            if _CASE.match(self.text, self.at):
                self.atomic += 1
            elif _END.match(self.text, self.at):
                self.atomic -= 1

    def end_of_statement(self):
        """Null when more follows on the line."""
        statement = re.sub(r"--[^\n]*", "", self.text[self.start:self.at]).strip()
        line_end = self.end_of_line(self.at)
        rest = self.text[self.at + 1:line_end].strip()
        self.at += 1
        if rest and not rest.startswith("--"):
            self.begin_statement(self.at)
            return None
        if _COPY_FROM_STDIN.match(statement):
            data_end = self.text.find("\n\\.\n", line_end - 1)
            line_end = len(self.text) if data_end < 0 else data_end + 3
        self.at = line_end
        return self.begin_statement(line_end)


def marked(text):
    """The script, printing a line `@@@n` behind its n-th statement."""
    pieces, at = [], 0
    for number, end in enumerate(Splitter(text).ends(), 1):
        pieces += [text[at:end], f"\n\\echo {MARK}{number}"]
        at = end
    return "".join(pieces) + text[at:]


def statements(marked_text):
    """number → statement, of what marked() made."""
    parts = re.split(rf"\n\\echo {MARK}(\d+)", marked_text)
    return {int(parts[i + 1]): parts[i].strip() for i in range(0, len(parts) - 1, 2)}


def outcomes(printed):
    """number → what it printed, of what psql printed for such a script."""
    parts = re.split(rf"^{MARK}(\d+)\n", printed, flags=re.M)
    return {int(parts[i + 1]): parts[i] for i in range(0, len(parts) - 1, 2)}
