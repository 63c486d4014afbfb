from kclass.dataset.tables import html_table, text_table


def test_the_first_column_is_flush_left_and_the_others_flush_right() -> None:
    assert text_table(["class", "train"], [["cat", "7"], ["elephant", "12"]]) == (
        "class     train\ncat           7\nelephant     12"
    )


def test_signs_that_take_two_columns_keep_the_table_straight() -> None:
    # 猫 takes two columns of a terminal, the accent on its own none.
    assert text_table(["n", "x"], [["猫", "1"], ["e\N{COMBINING ACUTE ACCENT}e", "2"]]) == (
        "n   x\n猫  1\ne\N{COMBINING ACUTE ACCENT}e  2"
    )


def test_html_is_escaped() -> None:
    table = html_table("a & b", ["<i>"], [["<script>"]])
    assert table == (
        "<table><caption>a &amp; b</caption><tr><th>&lt;i&gt;</th></tr>"
        "<tr><td>&lt;script&gt;</td></tr></table>"
    )
