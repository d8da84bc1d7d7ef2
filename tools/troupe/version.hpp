#pragma once

namespace troupe {
inline constexpr char kVersion[] = "0.1.0";
}
