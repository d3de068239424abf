"""clean: what comes out of a model's reply, and what is no caption at all."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancement, Enhancer
from t2v_recaption.writers.clean import clean
from t2v_recaption.writers.sentences import split

CAPTION = "A cat sits at a piano. Its paws press the keys one after the other."


@pytest.mark.parametrize(
    "reply",
    [
        CAPTION,
        f"Sure! Here is the enhanced prompt:\n\n{CAPTION}",
        f"Sure, here's a detailed caption for your video: {CAPTION}",
        f"Certainly! {CAPTION}\n\nLet me know if you want another one!",
        f"**Enhanced prompt:** {CAPTION}",
        f"### Caption\n\n{CAPTION}",
        f"Caption: {CAPTION}",
        f'"{CAPTION}"',
        f"“{CAPTION}”",
        f"[{CAPTION}]",
        f'Here is the caption: "{CAPTION}"',
        f"<think>The user wants a cat.\nOkay.</think>\n{CAPTION}",
        f"The user wants a cat.</think>{CAPTION}",
        f"<think>hm</think><answer>{CAPTION}</answer>",
        f"<answer>{CAPTION}",
        f"{CAPTION}\n<think>Was that good? I think",
        f"```text\n{CAPTION}\n```",
        f'{{"caption": "{CAPTION}", "style": "none"}}',
        f'```json\n{{"detailed description": "{CAPTION}"}}\n```',
        f"{CAPTION}<|im_end|>\n<|im_start|>user\nmore",
        f"{CAPTION}</s>",
        f"{CAPTION} {CAPTION}",
        f"{CAPTION}\n\n{CAPTION}",
        f"{CAPTION}{CAPTION}",
        f"{CAPTION}\n\nNote: I added details.",
        f"{CAPTION}\n\n(Word count: 15)",
        "- A cat sits at a piano.\n- Its paws press the keys one after the other.",
        "1. A cat sits at a piano.\n2. Its paws press the keys one after the other.",
        "A **cat** sits at a *piano*. Its paws press the keys one after the other.",
        f"This prompt describes a cat. {CAPTION}",
        f"{CAPTION} This caption captures the scene.",
        f"Okay, so the user wants a caption.\n\nHere is the caption:\n{CAPTION}",
        f"\n\n   {CAPTION}   \n",
        f"Title: The Pianist\n\n{CAPTION}",
        f"**The Feline Pianist**\n\n{CAPTION}",
        "Scene: A cat sits at a piano.\nAction: Its paws press the keys one after the other.",
        "Scene: A cat sits at a piano\nAction: Its paws press the keys one after the other.",
        "Scene 1: A cat sits at a piano.\n\nScene 2: Its paws press the keys one after the other.",
        "* A cat sits at a piano\n* Its paws press the keys one after the other.",
        f"Sure! {CAPTION}",
        f"Sure! Sure! Okay! Here you go: {CAPTION}",
        f'Caption: "{CAPTION}"',
        f"Here's a caption:\n\n**Caption:** “{CAPTION}”",
        f"<think>one</think><think>two</think>{CAPTION}",
        f"<think>one {CAPTION}</think>\n\n<answer>\n**{CAPTION}**\n</answer>",
        f"<reasoning>It is a cat.</reasoning> {CAPTION}",
        f"<|im_start|>assistant\n{CAPTION}<|im_end|>",
        f"{CAPTION}\n<request>a dog</request>\nA dog barks.",
        f"<request>a cat at a piano</request>\n{CAPTION}",
        f"{CAPTION} I hope this helps!",
        f"{CAPTION} Would you like another version?",
        f"{CAPTION} Let me know if you want changes. Feel free to ask.",
        f"I will describe it. {CAPTION}",
        f"Hello! {CAPTION}",
        f"Here is an example of a caption. {CAPTION}",
        f"{CAPTION} Please note that this is fiction.",
        f"{CAPTION} (Word count: 15)",
        f"{CAPTION}\n\n---\n\n*Note: the style was left open.*",
    ],
)
def test_the_caption_comes_out(reply: str) -> None:
    cleaned = clean(reply, "a cat at a piano")
    assert (cleaned.text, cleaned.problem) == (CAPTION, "")


@pytest.mark.parametrize(
    "caption",
    [
        "3 cats run.",
        "3 cats run. 2 dogs follow them.",
        "1920s jazz fills a bar where a man plays the trumpet.",
        '"Hello," says the cat, and the dog answers "bye."',
        "'Twas the night: snow falls on a roof.",
        'A sign reads "OPEN 24 HOURS" above the door.',
        "Great white sharks circle a cage. Their fins cut the surface.",
        'A man says: "Here is the plan." He points at a map.',
        "A chalkboard shows the formula E = mc*2 and a_b_c.",
        "Dr. Smith walks in. Mr. Jones looks up.",
        "A note: the word stands on a yellow slip on the fridge, stuck with tape.",
        "Okay signs are made by two divers. Bubbles rise from their masks.",
        "The user of a laptop types quickly while rain runs down the window.",
        "The text on the wall glows, letter after letter.",
        "A small boat drifts… then it turns toward the shore.",
        "12 sheep cross a wooden bridge. The last one stops, looks back and trots after the others.",
        "7. A white number on a red jersey fills the frame, then the player turns around.",
        'A woman says, "I love you, but we need to leave." She picks up her bag.',
        '"Would you like some tea?" asks the old woman and lifts the pot.',
        'A poster reads "YOU CAN DO IT". Wind lifts one of its corners.',
        "World War I soldiers climb out of a trench. Mud drips from their coats.",
        "King Charles I rides past a crowd. His horse tosses its head.",
        "US soldiers unload crates from a truck while dust drifts across the road.",
        "Style: anime. A girl runs through a field of sunflowers, her scarf streaming behind her.",
        "Style: oil painting. A zebra stands to the right of a giraffe. Thick strokes of ochre fill the background.",
        "Close-up: a drop of water hangs from a tap, swells and falls.",
        "Wide shot: two riders cross a salt flat. Heat shimmers around the hooves of their horses.",
        "In slow motion, a balloon full of water bursts: the skin peels back and the water keeps its shape.",
        "Please-and-thank-you cards stand in a row on a shelf. A hand takes the last one.",
        "Hi-vis vests hang on a rail and sway as a train passes.",
        "Sure-footed goats climb a cliff. Pebbles roll from under their hooves.",
        "Thank you cards hang from a string above a desk, turning slowly in the draught.",
        "The viewers in the stadium rise from their seats. Flags wave along the upper tier.",
        "The audience claps as the curtain falls. Dust floats through the beam of a spotlight.",
        "The goal is guarded by a boy in oversized gloves. The ball flies past his left hand.",
        "The purpose-built tower sways in the wind while cables hum around it.",
        "A user manual lies open on a workbench. A hand turns the page.",
        "The request stop lights up above the bus door. An old man gets off.",
        "The prompt on a green terminal blinks. Letters appear one by one.",
        "A recipe card is pinned to the cupboard. Flour drifts past it as a baker claps her hands.",
        "A tiger is a mass of orange and black behind wet leaves. It steps forward and its shoulders roll.",
        "The dragon is a small green creature that sits on a stone wall. It yawns, and a curl of smoke rises.",
        "The vehicle is a dented pickup with a blue door. It rattles over a cattle grid.",
        "A wooden spoon is used to stir a pot of soup. Steam fogs the window behind it.",
        "The cat is found in a cardboard box, blinking. A hand strokes its back.",
        "The boat is named Aurora, in white letters on the bow. It noses against the jetty.",
        "A firefighter is known by the number on his helmet: 41. He wades through knee-deep foam toward the truck.",
        "Notes flutter from a piano and settle on the floor. A child gathers them up.",
        "Tips of grass bend under dew. A beetle climbs one of them and it bows to the ground.",
        "Words are carved into a bench. A finger follows them from left to right.",
        "Tokens drop into a slot one after another; lights run around the rim of the machine.",
        "Remembrance candles burn on the steps of a church while snow settles around them.",
        "Explanation boards line a museum wall. A boy on tiptoe reads the lowest one.",
        "What remains of a sandcastle slides into the surf. Foam fills its moat.",
        "How slowly the snail moves shows in its trail: a hand's breadth of silver on black slate.",
        "Imaginary creatures made of smoke wrestle above a campfire. Sparks pass through them.",
        "This bright kitchen belongs to a baker. She slides loaves out of the oven and lines them up on the sill.",
        "There is a storm over the sea. Waves climb the lighthouse and fall back in sheets.",
        "Here comes the parade: drummers first, then a paper dragon on twelve poles.",
        "Let there be no doubt about the wind: hats fly, awnings snap, a bicycle falls over.",
        "Nobody is in the room. A curtain moves, and a sheet of paper slides off the table.",
        "The moon was never so near: it fills half the sky as a fox trots along the ridge and stops to listen.",
        "Details that were small become plain as the camera creeps in: a chipped tooth, a scar, one grey eyelash.",
        "A man who had been asleep opens his eyes, sits up and looks at the empty seat beside him.",
        "A castle built for giants stands on a hill. Ravens circle its broken towers as fog climbs the slope.",
        "A dancer in a red dress turns, turns, and turns again, her skirt opening like a flower.",
        "Row after row after row of lavender runs to the horizon. Bees work along the stems.",
        "The little fox looks left, looks right, looks left again, and dashes across the road.",
        "The sculpture, a testament to patience, is made of ten thousand matches. A thumb sets the last one.",
        "A monument that stands as a symbol of peace rises from a round pool. Children run along its edge.",
        "two red balls on a table, slow roll, soft light, wide shot",
        "(Medium shot.) A nurse unwinds a bandage, and sunlight falls on her hands.",
        "A vlogger holds a camera at arm's length and talks to it while behind her the tide comes in.",
        "Ein Hund läuft über die Wiese. Seine Ohren fliegen.",
    ],
)
def test_a_good_caption_stays_letter_by_letter(caption: str) -> None:
    cleaned = clean(caption, "something else entirely")
    assert (cleaned.text, cleaned.notes, cleaned.problem) == (caption, (), "")


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("<think>I wonder what the user", "empty"),
        ('""', "empty"),
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("I cannot create this content. It is unsafe.", "refusal"),
        ("As an AI language model, I do not see videos.", "refusal"),
        ("a truck on a road", "repeated"),
        ("Prompt: A truck on a road.", "repeated"),
        ("A truck is a type of motor vehicle that is used to carry goods on a road.", "definition"),
        ("A truck refers to a large vehicle. It runs on roads.", "definition"),
        ("The prompt describes a truck. The sentence is short.", "talk"),
        ("You should film the truck from the side. Make sure the light is good.", "somebody speaking"),
        ("A truck is on the road.", "repeated"),
        ("The truck on the road.", "repeated"),
        ("truck road.", "repeated"),
        ("Trucks are a type of vehicle, known for their size. They are used in many countries.", "definition"),
        ("A truck (Latin: currus) is a large vehicle that carries goods. It has wheels.", "definition"),
        ("The truck is known for its strength. It is a symbol of the human spirit.", "essay"),
        ("Trucks have been celebrated throughout history. The truck is a reminder of humanity.", "essay"),
        ("I drive my truck along the road. We love it here.", "somebody speaking"),
        ("As I stand on the road, the truck comes toward me. My heart beats fast.", "somebody speaking"),
        ("You see a truck on a road. Your eyes follow it.", "somebody speaking"),
        ("What kind of truck do they want? Is the road wet?", "question"),
        ("The truck was old and slow. It had carried stones for years, and the driver was tired.", "past"),
        ("There was a truck on the road. It stopped and the driver climbed out.", "past"),
        ("In this video, a truck is shown. This is a video about roads and trucks.", "talk"),
        ("Imagine a truck on a road. Picture this road in the rain.", "talk"),
        ("The aim of this project is to build a truck. Write a text about it.", "talk"),
        ("Please provide the details of the truck.", "talk"),
        ("Sure, a red truck with a lamp!", "talk"),
        ("It is important to film at dusk. Make sure the truck is clean.", "advice"),
        (
            "The truck, the truck, the truck, the truck, the truck, the truck, the truck, the truck, the truck.",
            "over and over",
        ),
        ("a truck goes and it goes " * 30, "over and over"),
        ("很抱歉，我无法描述这个视频。", "refusal"),
        ("对不起，我不能这样做。", "refusal"),
        ("一辆卡车在路上行驶。", "language"),
        ("A truck drives on a road 在路上.", "language"),
    ],
)
def test_what_is_no_caption_is_named(reply: str, problem: str) -> None:
    assert problem in clean(reply, "a truck on a road").problem


def test_the_prompts_own_foreign_words_are_no_wrong_language() -> None:
    assert clean("A sign reads “你好” above a door. Rain falls.", "a sign that says “你好”").problem == ""


FISHERMAN = {
    "de": "Ein alter Fischer sitzt auf einer Kiste und flickt ein Netz. Seine Finger schieben die Nadel durch.",
    "en": "An old fisherman sits on a crate and mends a net. His fingers push the needle through the mesh.",
    "es": "Un viejo pescador está sentado en una caja y repara una red. Sus dedos empujan la aguja entre las mallas.",
    "fr": "Un vieux pêcheur est assis sur une caisse et répare un filet. Ses doigts poussent l'aiguille.",
    "it": "Un vecchio pescatore siede su una cassa e ripara una rete. Le sue dita spingono l'ago tra le maglie.",
    "nl": "Een oude visser zit op een kist en herstelt een net. Zijn vingers duwen de naald door de mazen van het net.",
    "pt": "Um velho pescador está sentado em uma caixa e conserta uma rede. Seus dedos empurram a agulha.",
    "zh": "一位老渔夫坐在木箱上补渔网。他的手指把针穿过网眼，再把线拉紧。",
}


@pytest.mark.parametrize("wanted", FISHERMAN)
def test_another_language_than_the_wanted_one_is_named(wanted: str) -> None:
    for language, text in FISHERMAN.items():
        assert bool(clean(text, "x", language=wanted).problem) is (language != wanted), language


def test_chinese_stays_chinese() -> None:
    text = "一只猫坐在钢琴前。它的爪子按下琴键。"
    assert clean(text, "一只猫弹钢琴", language="zh") == clean(text, "一只猫弹钢琴", language="zh")
    assert clean(text, "一只猫弹钢琴", language="zh").text.replace(" ", "") == text
    assert "language" in clean("A cat plays.", "一只猫弹钢琴", language="zh").problem


def test_a_torn_end_goes_when_the_limit_cut_it() -> None:
    torn = "A cat sits at a piano. Its paws press the"
    assert clean(torn, "a cat", cut_off=True).text == "A cat sits at a piano."
    assert clean(torn, "a cat").text == torn


def test_a_first_person_prompt_may_be_told_in_the_first_person() -> None:
    text = "I am walking my dog in the park. My shoes leave prints in the wet grass."
    assert clean(text, "I am walking my dog in the park").problem == ""
    assert clean(text, "walking a dog in the park").problem


def test_a_dense_prompt_may_come_back_as_it_is() -> None:
    dense = (
        f"{CAPTION} Light falls on the lid from a tall window at the left, and dust hangs in it. "
        "Behind the piano stand two shelves of yellowed sheet music and a brass lamp with a green shade, and rain "
        "runs down the panes. The cat is grey, with white paws and a torn left ear. "
        "Medium shot at the height of the keys, static camera."
    )
    assert clean(dense, dense).problem == ""
    assert "repeated" in clean(CAPTION, CAPTION).problem
    half = dense[: dense.index(" Behind")]
    assert "repeated" in clean(half, half).problem


def test_a_loop_goes_and_what_came_before_it_stays() -> None:
    reply = f"{CAPTION} " + "The keys are the keys of the keys. " * 20 + "It is very big and it is very big, " * 20
    cleaned = clean(reply, "a cat at a piano", cut_off=True)
    assert cleaned.text.startswith(CAPTION)
    assert len(cleaned.text) < 2 * len(CAPTION)
    assert cleaned.problem == ""
    assert "Took away repeated text." in cleaned.notes


def test_talk_in_the_middle_goes_while_most_of_the_text_is_a_caption() -> None:
    first, second = split(CAPTION)
    cleaned = clean(f"{first} You can add rain here. {second}", "a cat at a piano")
    assert cleaned.text == CAPTION
    assert cleaned.notes == ("Took away sentences that are no part of a caption.",)


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        ("a cat, a piano, soft light, wide sh", "a cat, a piano, soft light"),
        ("A cat sits at a pi", ""),
        ("一只猫坐在钢琴前。它的爪子按下", "一只猫坐在钢琴前。"),
    ],
)
def test_what_the_limit_cut(torn: str, whole: str) -> None:
    cleaned = clean(torn, "猫", language="zh" if "猫" in torn else "en", cut_off=True)
    assert cleaned.text == whole
    assert bool(cleaned.problem) is not bool(whole)


REWRITES = Path(__file__).resolve().parents[3] / "shared" / "data" / "prompts" / "vbench_category_800_gpt4o.txt"


def test_published_captions_are_captions_and_stay_as_they_are(short_prompts: list[str]) -> None:
    if not REWRITES.is_file():
        pytest.skip("the reference rewrites are not on this machine")
    captions = REWRITES.read_text(encoding="utf-8").splitlines()
    for prompt, caption in zip(short_prompts, captions, strict=True):
        cleaned = clean(caption, prompt)
        assert (cleaned.text, cleaned.notes, cleaned.problem) == (caption.strip(), (), "")


def test_the_composers_captions_are_captions_too(short_prompts: list[str]) -> None:
    for outcome in Enhancer("ltx-2").batch(short_prompts[::20]):
        assert isinstance(outcome, Enhancement)
        assert clean(outcome.caption, outcome.prompt).text == outcome.caption
        assert clean(outcome.caption, outcome.prompt).problem == ""


WRAPPING = [
    "Sure! ",
    "Caption: ",
    '"',
    "**",
    "<think>",
    "</think>",
    "\n\n",
    "- ",
    "1. ",
    "[",
    "]",
    "Note: ",
    "I ",
    "? ",
    "…",
]
REPLIES = st.one_of(
    st.text(max_size=400),
    st.lists(st.sampled_from([*WRAPPING, CAPTION, *CAPTION.split()]), max_size=40).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(REPLIES, st.text(max_size=60), st.booleans())
def test_never_raises_and_settles(reply: str, prompt: str, cut_off: bool) -> None:
    once = clean(reply, prompt, cut_off=cut_off)
    assert "\n" not in once.text
    again = clean(once.text, prompt)
    assert again.text == once.text
    assert again.problem == once.problem or cut_off


@given(st.lists(st.sampled_from(CAPTION.split()), min_size=1, max_size=30).map(" ".join))
def test_only_whole_sentences_ever_go(reply: str) -> None:
    assert all(sentence in reply for sentence in split(clean(reply, "x").text))


@given(st.text(max_size=300))
def test_splitting_loses_no_character_but_space(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


RUNAWAY = [
    "<think>" * 9000,
    "**" * 20000,
    '"' * 40000,
    "Sure! " * 8000,
    "a. " * 20000,
    "{" * 40000,
    "A" * 60000,
    "Here is the " * 4000,
    "- " * 20000,
    "# " * 20000,
    "the and " * 6000,
    "I am you? " * 5000,
    "Title: " * 6000,
    "\n\n" * 20000,
    "Scene: x\n" * 5000,
    "is known as " * 4000,
    "a (b " * 9000,
    "word, " * 7000,
    "It is a cat that was there. " * 1500,
    " ".join(f"w{number}" for number in range(7000)),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("reply", RUNAWAY, ids=range(len(RUNAWAY)))
def test_a_runaway_reply_takes_no_time(reply: str) -> None:
    clean(reply, "a cat", cut_off=True)
