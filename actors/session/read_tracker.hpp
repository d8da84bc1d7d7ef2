#pragma once
/// What a SERIALIZABLE transaction reads, seen from its requests and their answers: keys, ranges as far as they were
/// answered, the rows that index entries led to. Of its writes those count as reads that found out something and left
/// nothing behind: a key that was not there, or already was, or that a savepoint may give back.
/// Other isolation levels never come here. Pure. Owner: one session's SessionData.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "actors/node/serializable_commit.hpp"
#include "runtime/exec/data_access.hpp"
#include "storage/base/planted_bug.hpp"
#include "storage/conflict/read_set.hpp"

namespace troupe {

class ReadTracker {
 public:
  ReadTracker(uint32_t ranges_max, PlantedBug planted) : reads_{ranges_max}, planted_{planted} {}

  /// What is asked from here on is asked by it.
  void begin_statement(std::string_view text);
  void asked(uint64_t request, const ReadFrame& question) {
    read_questions_.push_back({request, statement_, question});
  }
  void asked(uint64_t request, const WriteFrame& question);
  void answered(const ReadResultFrame& answer);
  void answered(const WriteResultFrame& answer);
  /// Nobody will see the answer.
  void abandoned(uint64_t request);
  /// There are savepoints: rows may be locked, or written, and given back.
  void expect_rollbacks() { rollbacks_ = true; }

  /// It learned something of what was newest at the time, rather than in its snapshot.
  bool saw_newest() const { return saw_newest_; }
  uint64_t ranges() const { return reads_.size(); }
  /// What was read, for the commit; it is taken out. The statements' texts stay for statement_text() until clear().
  std::shared_ptr<SerializableCommit> take(Scn snapshot);
  std::string_view statement_text(uint32_t statement) const;
  void clear();

 private:
  template <typename Question>
  struct Asked {
    uint64_t request;
    uint32_t statement;
    Question question;
  };
  template <typename Question>
  static bool take_question(std::vector<Asked<Question>>& asked, uint64_t request, Asked<Question>* taken);
  void note_lookup(const Asked<ReadFrame>& asked);
  void note_scan(const Asked<ReadFrame>& asked, const schema::ReadResult& answer);
  void note_write(TreeId tree);

  ReadSet reads_;
  PlantedBug planted_;
  std::vector<Asked<ReadFrame>> read_questions_;
  std::vector<Asked<WriteFrame>> write_questions_;
  StatementTrail trail_;
  uint32_t statement_ = 0;
  bool rollbacks_ = false;
  bool saw_newest_ = false;
};

}  // namespace troupe
