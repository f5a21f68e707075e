#include "net/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include "net/tls.hpp"

namespace kefu::inline v0::net {
namespace {

// OpenSSL's own socket BIO would raise SIGPIPE.

int descriptor_of(BIO* bio) noexcept {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool is_temporary(int error) noexcept {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int bio_read(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  const auto count = ::recv(descriptor_of(bio), to, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (count < 0 && is_temporary(errno)) BIO_set_retry_read(bio);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(count);
}

int bio_write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const auto count =
      ::send(descriptor_of(bio), from, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0 && is_temporary(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "kefu");
  if (!method) return nullptr;
  BIO_meth_set_read(method, bio_read);
  BIO_meth_set_write(method, bio_write);
  BIO_meth_set_ctrl(method, bio_control);
  return method;
}

BIO* make_bio(int descriptor) noexcept {
  static const BIO_METHOD* const method = make_method();
  BIO* const bio = method ? BIO_new(method) : nullptr;
  if (!bio) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
  BIO_set_init(bio, 1);
  return bio;
}

int clamped(std::size_t size) noexcept {
  return static_cast<int>(
      std::min<std::size_t>(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const noexcept { SSL_free(ssl); }

TlsStream::TlsStream(const Tls& tls, int descriptor)
    : TlsStream{TlsAccess::new_session(tls), descriptor} {}

TlsStream::TlsStream(SSL* ssl, int descriptor) : ssl_{ssl} {
  BIO* const bio = ssl_ ? make_bio(descriptor) : nullptr;
  if (bio) {
    SSL_set_bio(ssl, bio, bio);
  } else {
    ssl_.reset();
  }
}

IoResult TlsStream::read(std::span<std::byte> into) noexcept {
  std::size_t count = 0;
  // A record is at most 16 KiB, and there may be more of them.
  while (count != into.size()) {
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), into.data() + count, clamped(into.size() - count));
    if (result <= 0) {
      const IoResult rest = failure(result);
      if (count == 0) return rest;
      return {IoStatus::done, count, rest.status != IoStatus::would_block};
    }
    count += static_cast<std::size_t>(result);
  }
  return {IoStatus::done, count};
}

IoResult TlsStream::write(std::span<const iovec> parts) noexcept {
  std::size_t count = 0;
  for (const iovec& part : parts) {
    std::size_t written = 0;
    while (written != part.iov_len) {
      ERR_clear_error();
      const int result =
          SSL_write(ssl_.get(), static_cast<const std::byte*>(part.iov_base) + written,
                    clamped(part.iov_len - written));
      // Records that were taken count; a failure shows again at the next write.
      if (result <= 0) return count != 0 ? IoResult{IoStatus::done, count} : failure(result);
      written += static_cast<std::size_t>(result);
      count += static_cast<std::size_t>(result);
    }
  }
  return {IoStatus::done, count};
}

IoResult TlsStream::failure(int result) noexcept {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::would_block, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::ended, 0};
    default:
      SSL_set_quiet_shutdown(ssl_.get(), 1);  // nothing may be sent after this
      ERR_clear_error();
      return {IoStatus::failed, 0};
  }
}

void TlsStream::end_writing() noexcept {
  if (!SSL_is_init_finished(ssl_.get()) ||
      (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) {
    return;
  }
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool TlsStream::read_awaits_writable() const noexcept { return SSL_want_write(ssl_.get()); }

bool TlsStream::has_pending() const noexcept { return SSL_pending(ssl_.get()) != 0; }

std::string TlsStream::subject() const {
  X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!certificate || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
  BIO* const text = BIO_new(BIO_s_mem());
  if (!text) return {};
  X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text, &bytes);
  std::string subject{bytes, static_cast<std::size_t>(std::max(size, 0L))};
  BIO_free(text);
  return subject;
}

}  // namespace kefu::inline v0::net
