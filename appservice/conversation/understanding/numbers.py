"""Small numbers in words."""

NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "",
            "one a an ein eine einem einen",
            "two zwei couple",
            "three drei",
            "four vier",
            "five fünf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
            "ten zehn",
            "eleven elf",
            "twelve zwölf",
        )
    )
    for word in words.split()
}

ORDINALS = {
    word: number
    for number, words in enumerate(
        (
            "",
            "first 1st erste erster erstes",
            "second 2nd zweite zweiter zweites",
            "third 3rd dritte dritter drittes",
            "fourth 4th vierte",
            "fifth 5th fünfte",
            "sixth 6th sechste",
            "seventh 7th",
            "eighth 8th",
            "ninth 9th",
            "tenth 10th",
        )
    )
    for word in words.split()
}

NUMBER = rf"(?:\d{{1,3}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"


def number_of(word: str) -> int:
    """Return the number of a match of NUMBER."""
    return int(word) if word.isdigit() else NUMBERS[word.lower()]
