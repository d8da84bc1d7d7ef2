#include "storage/page/slotted_page.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "storage/base/random.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

std::string tricky_key(Random& random) {
  // Shared beginnings, zero bytes, prefixes of one another, high bytes.
  std::string key(random.below(3) * 4, 'p');
  const uint64_t size = random.below(6);
  for (uint64_t i = 0; i < size; ++i)
    key.push_back(
        "\x00\x01"
        "a\xFF"[random.below(4)]);
  return key;
}

}  // namespace

TEST_CASE("a page keeps its entries sorted and finds each of them", "[page]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    PageImage image = SlottedEditor::make_page(PageKind::kLeaf, 0, 0);
    std::map<std::string, std::string> model;
    for (int i = 0; i < 800; ++i) {
      SlottedEditor editor(&image);
      const std::string key = tricky_key(random);
      const auto at = editor.page().lower_bound(key);
      const auto expected = model.lower_bound(key);
      REQUIRE(at.exact == model.contains(key));
      REQUIRE(at.index == static_cast<size_t>(std::distance(model.begin(), expected)));
      const std::string value(random.below(50), 'v');
      if (at.exact && random.chance(0.5)) {
        editor.erase(at.index);
        model.erase(key);
      } else if (at.exact) {
        editor.replace(at.index, value, "+", false);
        model[key] = value + "+";
      } else {
        editor.insert(at.index, key, value, {}, false);
        model[key] = value;
      }
      editor.page().check_invariants();
    }
    uint32_t i = 0;
    for (const auto& [key, value] : model) {
      CHECK(SlottedPage(image.data()).key(i) == key);
      CHECK(SlottedPage(image.data()).value(i++) == value);
    }
  }
}

TEST_CASE("a packed page is used as it is", "[page]") {
  PageImage image = SlottedEditor::make_page(PageKind::kLeaf, 0, 8000);
  SlottedEditor editor(&image);
  for (uint32_t i = 0; i < 50; ++i) editor.insert(i, cat(100 + i), "value", {}, false);
  std::string packed;
  editor.page().append_packed(&packed);
  CHECK(packed.size() == editor.page().used_bytes());
  const SlottedPage page(packed.data());
  page.check_invariants();
  CHECK(page.lower_bound("117").index == 17);
  CHECK(page.value(17) == "value");
}

TEST_CASE("an inner page leads every key to the child that bounds it", "[page]") {
  PageImage image = SlottedEditor::make_page(PageKind::kInner, 1, 0);
  SlottedEditor editor(&image);
  const char word[sizeof(uint64_t)] = {};
  const std::string_view no_word{word, sizeof word};
  editor.insert(0, "", no_word, {}, false);
  CHECK(editor.page().child_for("anything") == 0);
  editor.insert(1, "m", no_word, {}, false);
  editor.insert(2, "mm", no_word, {}, false);
  editor.set_word(2, 77);
  CHECK(editor.page().child_for("") == 0);
  CHECK(editor.page().child_for("lzz") == 0);
  CHECK(editor.page().child_for("m") == 1);
  CHECK(editor.page().child_for("ma") == 1);
  CHECK(editor.page().child_for("mm") == 2);
  CHECK(editor.page().child_for("z") == 2);
  CHECK(editor.page().word(2) == 77);
  editor.page().check_invariants();
}

}  // namespace troupe
