"""Small numbers in words."""

from appservice.conversation.understanding.text import folded

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
            "first 1st erste erster erstes ersten premier premiere primero primera pertama الأول الأولى",
            "second 2nd zweite zweiter zweites zweiten deuxieme seconde segundo segunda kedua الثاني الثانية",
            "third 3rd dritte dritter drittes dritten troisieme tercero tercera ketiga الثالث الثالثة",
            "fourth 4th vierte vierten quatrieme cuarto cuarta keempat الرابع الرابعة",
            "fifth 5th funfte funften cinquieme quinto quinta kelima الخامس الخامسة",
            "sixth 6th sechste sechsten sixieme sexto sexta keenam السادس السادسة",
            "seventh 7th",
            "eighth 8th",
            "ninth 9th",
            "tenth 10th",
        )
    )
    for word in map(folded, words.split())
}
"""By the folded word."""

NUMBER = rf"(?:\d{{1,3}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"


def number_of(word: str) -> int:
    """Return the number of a match of NUMBER."""
    return int(word) if word.isdigit() else NUMBERS[word.lower()]
