// How jemalloc keeps the heap: what is free goes back to the system after a second, and a thread
// keeps no large pieces for itself. Ten percent of what thousands of idle sessions take. The
// environment's MALLOC_CONF has the last word.
extern "C" {

__attribute__((visibility("default"))) extern const char* const malloc_conf;
const char* const malloc_conf = "dirty_decay_ms:1000,muzzy_decay_ms:0,lg_tcache_max:12";
}
