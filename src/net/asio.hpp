// Asio, as much of it as we use. It comes in through here only: in 1.22 what it takes for memory
// depends on whether a standard header came before it, and all translation units must agree.
#pragma once

#include <version>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
