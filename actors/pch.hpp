#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <caf/all.hpp>
#include <flatbuffers/flatbuffers.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
