#pragma once
/// The parser's hands: the current token and those after it, PostgreSQL's error messages, and where nodes are made.
/// Internal to runtime/sql.
#include <algorithm>
#include <string_view>
#include <vector>

#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/decode.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {

class TokenStream {
 public:
  TokenStream(std::string_view text, Arena* arena) : scanner_{text}, arena_{arena} { fill(1); }

  // -- looking
  const Token& token() const { return tokens_[head_]; }
  const Token& peek(uint32_t ahead) {
    if (count_ <= ahead) fill(ahead + 1);
    return tokens_[(head_ + ahead) & kMask];
  }
  TokenKind kind() const { return token().kind; }
  Keyword keyword() const { return token().keyword; }
  uint32_t position() const { return token().begin; }
  bool at(TokenKind kind) const { return token().kind == kind; }
  bool at(Keyword keyword) const { return token().keyword == keyword && token().kind == TokenKind::kWord; }
  bool at_next(Keyword keyword) { return peek(1).keyword == keyword && peek(1).kind == TokenKind::kWord; }
  bool at_next(TokenKind kind) { return peek(1).kind == kind; }
  template <typename A, typename B>
  bool at(A first, B second) {
    return at(first) && at_next(second);
  }
  /// An unquoted word that is no keyword of PostgreSQL (minus, connect, subscribe).
  bool at_word(std::string_view lower, uint32_t ahead = 0);
  std::string_view raw(const Token& token) const {
    return scanner_.text().substr(token.begin, token.end - token.begin);
  }
  std::string_view text() const { return scanner_.text(); }
  uint32_t end_of_last() const { return end_of_last_; }

  // -- moving
  void skip() {
    end_of_last_ = token().end;
    head_ = (head_ + 1) & kMask;
    if (--count_ == 0) fill(1);
  }
  Token take() {
    const Token taken = token();
    skip();
    return taken;
  }
  template <typename What>
  bool accept(What what) {
    if (!at(what)) return false;
    skip();
    return true;
  }
  template <typename A, typename B>
  bool accept(A first, B second) {
    if (!at(first, second)) return false;
    skip();
    skip();
    return true;
  }
  template <typename What>
  void expect(What what) {
    if (!at(what)) [[unlikely]] fail();
    skip();
  }
  template <typename What, typename... More>
  void expect(What what, More... more) {
    expect(what);
    expect(more...);
  }
  bool accept_word(std::string_view lower);

  // -- tokens' values
  std::string_view name_of(const Token& token) {
    const std::string_view name = decode_name(scanner_.text(), token, *arena_);
    if (token.end - token.begin > kNameBytesMax) [[unlikely]] note_cut(token, name);
    return name;
  }
  std::string_view string_of(const Token& token) { return decode_string(scanner_.text(), token, *arena_); }
  std::string_view bits_of(const Token& token) { return decode_bits(scanner_.text(), token, *arena_); }

  // -- nodes
  Arena& arena() { return *arena_; }
  template <typename T>
  T* make(uint32_t position) {
    T* node = arena_->make<T>();
    node->kind = T::kKind;
    node->position = position;
    return node;
  }
  template <typename T>
  T* make() {
    return make<T>(position());
  }

  // -- errors
  /// syntax error at the current token, or at another.
  [[noreturn]] void fail();
  [[noreturn]] void fail_at(const Token& token, std::string_view hint = {});
  [[noreturn]] void fail(ErrorCode code, uint32_t offset, std::string_view message, std::string_view hint = {});
  [[noreturn]] void refuse(uint32_t offset, std::string_view what, std::string_view hint = {});

  // -- limits
  void enter() {
    if (++nesting_ > kSyntaxDepthMax) [[unlikely]] fail_too_deep();
  }
  void leave() { --nesting_; }
  /// The height of what has been parsed so far in the current frame; see Nested.
  void grow() {
    if (++height_ > kSyntaxDepthMax) [[unlikely]] fail_too_deep();
  }

  uint32_t parameter_count = 0;
  std::vector<CutName> cut_names;
  /// Inside CONNECT BY, where PRIOR is an operator.
  bool in_connect_by = false;
  /// Inside MATCH_RECOGNIZE, where RUNNING and FINAL may stand before a call.
  bool in_match_recognize = false;

 private:
  void note_cut(const Token& token, std::string_view kept);
  friend class Nested;
  static constexpr uint32_t kMask = 7;
  void fill(uint32_t wanted);
  void join_unicode_escape(Token* token);
  [[noreturn]] void fail_lexical(const Token& token);
  [[noreturn]] void fail_too_deep();

  Scanner scanner_;
  Arena* arena_;
  Token tokens_[kMask + 1];
  uint32_t head_ = 0;
  uint32_t count_ = 0;
  uint32_t end_of_last_ = 0;
  int nesting_ = 0;
  int height_ = 0;
};

/// One level of recursion. Left-deep chains (a + b + c …) cost no recursion but do make a high tree, so every frame
/// also adds up how high the trees below it are: height_ is the highest in this frame, plus one per link of a chain.
class Nested {
 public:
  explicit Nested(TokenStream& in) : in_{in}, outer_height_{in.height_} {
    in.height_ = 0;
    in.enter();
  }
  ~Nested() {
    in_.leave();
    in_.height_ = std::max(outer_height_, in_.height_ + 1);
  }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  TokenStream& in_;
  int outer_height_;
};

/// Collects a list of unknown length: on the stack at first, then in the arena.
template <typename T, size_t kInline = 4>
class ListBuilder {
 public:
  explicit ListBuilder(TokenStream& in) : arena_{in.arena()} {}

  void add(const T& item) {
    if (size_ == capacity_) grow();
    items_[size_++] = item;
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const T& back() const { return items_[size_ - 1]; }
  List<T> finish() const { return items_ == inline_ ? arena_.copy(inline_, size_) : List<T>(items_, size_); }

 private:
  void grow() {
    T* larger = static_cast<T*>(arena_.allocate(sizeof(T) * capacity_ * 2));
    std::memcpy(static_cast<void*>(larger), items_, sizeof(T) * size_);
    items_ = larger;
    capacity_ *= 2;
  }

  Arena& arena_;
  T inline_[kInline];
  T* items_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = kInline;
};

/// item (, item)*
template <typename ParseItem>
auto parse_list(TokenStream& in, ParseItem parse_item) {
  using Item = decltype(parse_item(in));
  ListBuilder<Item> items(in);
  do {
    items.add(parse_item(in));
  } while (in.accept(TokenKind::kComma));
  return items.finish();
}
/// ( item (, item)* )
template <typename ParseItem>
auto parse_list_in_parentheses(TokenStream& in, ParseItem parse_item) {
  in.expect(TokenKind::kOpen);
  auto list = parse_list(in, parse_item);
  in.expect(TokenKind::kClose);
  return list;
}

}  // namespace troupe::sql
