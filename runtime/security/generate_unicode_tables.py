#!/usr/bin/python3
"""Writes unicode_tables.inc: what SASLprep (RFC 4013) needs of Unicode and of RFC 3454's tables, from Python's own."""
import stringprep
import sys
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)
ALL = [c for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]


def ranges_of(wanted):
    """[first, last] pairs of the code points for which `wanted` is true."""
    found = []
    for code in range(sys.maxunicode + 1):
        if not wanted(chr(code)):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def write_array(name, kind, numbers):
    print(f"constexpr {kind} {name}[] = {{")
    line = "   "
    for number in numbers:
        piece = f" {number},"
        if len(line) + len(piece) > 120:
            print(line)
            line = "   "
        line += piece
    print(line + "\n};")


def write_ranges(name, wanted):
    write_array(name, "CodeRange", [f"{{{first:#x}, {last:#x}}}" for first, last in ranges_of(wanted)])


def main():
    print(f"// Made by generate_unicode_tables.py from Unicode {unicodedata.unidata_version} and RFC 3454. Not to be edited.")
    write_ranges("kUnassigned", stringprep.in_table_a1)
    write_ranges("kMappedToNothing", stringprep.in_table_b1)
    write_ranges("kMappedToSpace", stringprep.in_table_c12)
    prohibited = (stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4,
                  stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8,
                  stringprep.in_table_c9)
    write_ranges("kProhibited", lambda c: any(table(c) for table in prohibited))
    write_ranges("kRightToLeft", stringprep.in_table_d1)
    write_ranges("kLeftToRight", stringprep.in_table_d2)
    classes = [(c, unicodedata.combining(chr(c))) for c in ALL if unicodedata.combining(chr(c))]
    write_array("kCombiningClasses", "CombiningClass", [f"{{{c:#x}, {kind}}}" for c, kind in classes])
    places, parts = [], []
    for code in ALL:
        taken_apart = unicodedata.normalize("NFKD", chr(code))
        if code not in HANGUL and taken_apart != chr(code):
            places.append(f"{{{code:#x}, {len(parts)}, {len(taken_apart)}}}")
            parts += [f"{ord(c):#x}" for c in taken_apart]
    write_array("kDecompositions", "Decomposition", places)
    write_array("kDecomposed", "char32_t", parts)
    pairs = []
    for code in ALL:
        pair = unicodedata.decomposition(chr(code)).split()
        composes = len(pair) == 2 and pair[0][0] != "<" and unicodedata.normalize("NFC", chr(code)) == chr(code)
        if composes:
            pairs.append((int(pair[0], 16), int(pair[1], 16), code))
    write_array("kCompositions", "Composition", [f"{{{a:#x}, {b:#x}, {c:#x}}}" for a, b, c in sorted(pairs)])


if __name__ == "__main__":
    main()
