"""The sample's tables: names, types and rows, from Debian's iso-codes and tzdata."""
import json
import re

ISO = "/usr/share/iso-codes/json"
ZONES = "/usr/share/zoneinfo/zone.tab"


def iso(standard):
    with open(f"{ISO}/iso_{standard}.json", encoding="utf-8") as file:
        return json.load(file)[standard]


def countries():
    for row in iso("3166-1"):
        yield (row["alpha_2"], row["alpha_3"], int(row["numeric"]), row.get("common_name", row["name"]),
               row.get("official_name"), row["flag"])


def subdivisions():
    rows = iso("3166-2")
    codes = {row["code"] for row in rows}
    for row in rows:
        country = row["code"][:2]
        parent = row.get("parent")
        if parent is not None and parent not in codes:  # some are given without their country
            parent = f"{country}-{parent}" if f"{country}-{parent}" in codes else None
        yield row["code"], country, row["name"], row["type"], parent


def currencies():
    for row in iso("4217"):
        yield row["alpha_3"], int(row["numeric"]), row["name"]


SCOPES = {"I": "individual", "M": "macrolanguage", "S": "special"}
TYPES = {"A": "ancient", "C": "constructed", "E": "extinct", "H": "historical", "L": "living", "S": "special"}


def languages():
    for row in iso("639-3"):
        yield row["alpha_3"], row.get("alpha_2"), row["name"], SCOPES[row["scope"]], TYPES[row["type"]]


def degrees(text):
    """ISO 6709: sign, degrees (two digits of latitude, three of longitude), minutes and perhaps seconds."""
    sign, digits = text[0], text[1:]
    width = 2 if len(digits) in (4, 6) else 3
    whole, minutes, seconds = int(digits[:width]), int(digits[width:width + 2]), int(digits[width + 2:] or 0)
    value = whole + minutes / 60 + seconds / 3600
    return f"{-value if sign == '-' else value:.4f}"


def time_zones():
    with open(ZONES, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            country, place, name, *comment = line.rstrip("\n").split("\t")
            latitude, longitude = re.fullmatch(r"([+-]\d+)([+-]\d+)", place).groups()
            yield name, country, degrees(latitude), degrees(longitude), comment[0] if comment else None


# Name -> columns, rows.
TABLES = {
    "countries": ("""
        code char(2) PRIMARY KEY,
        code3 char(3) NOT NULL UNIQUE,
        number smallint NOT NULL UNIQUE,
        name text NOT NULL,
        official_name text,
        flag text NOT NULL""", countries),
    "subdivisions": ("""
        code varchar(6) PRIMARY KEY,
        country_code char(2) NOT NULL,
        name text NOT NULL,
        kind text NOT NULL,
        parent_code varchar(6)""", subdivisions),
    "currencies": ("""
        code char(3) PRIMARY KEY,
        number smallint NOT NULL UNIQUE,
        name text NOT NULL""", currencies),
    "languages": ("""
        code char(3) PRIMARY KEY,
        code2 char(2) UNIQUE,
        name text NOT NULL,
        scope text NOT NULL,
        kind text NOT NULL""", languages),
    "time_zones": ("""
        name text PRIMARY KEY,
        country_code char(2) NOT NULL,
        latitude numeric(7,4) NOT NULL,
        longitude numeric(7,4) NOT NULL,
        comment text""", time_zones),
}


def copy_text(rows):
    """COPY's text format."""
    escapes = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
    return "".join("\t".join("\\N" if value is None else str(value).translate(escapes) for value in row) + "\n"
                   for row in rows)
