package predictsvc

import (
	"hash/maphash"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"
)

// Bounds of a limiter's memory: clients are spread over shards, and a shard that is full forgets those that have been quiet for long
// enough to have their whole burst again, which changes nothing for them. When all of a full shard are busy, new clients share one bucket.
const (
	limitShards    = 16
	clientsOfShard = 4096
)

// limiter gives each client a bucket of tokens.
type limiter struct {
	rate   rate.Limit
	burst  int
	seed   maphash.Seed
	shards [limitShards]limitShard
}

type limitShard struct {
	mu      sync.Mutex
	clients map[netip.Addr]*rate.Limiter
	rest    *rate.Limiter
	swept   time.Time
}

func newLimiter(perSecond float64, burst int) *limiter {
	if burst == 0 {
		burst = max(1, int(math.Ceil(perSecond)))
	}
	l := &limiter{rate: rate.Limit(perSecond), burst: burst, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].clients = map[netip.Addr]*rate.Limiter{}
		l.shards[i].rest = rate.NewLimiter(l.rate, burst)
	}
	return l
}

// take counts a request of a client, and tells how long it has to wait for the next if this one is too much.
func (l *limiter) take(client netip.Addr, now time.Time) (wait time.Duration, ok bool) {
	bucket := l.bucket(client, now)
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	return time.Duration((1 - bucket.TokensAt(now)) / float64(l.rate) * float64(time.Second)), false
}

func (l *limiter) bucket(client netip.Addr, now time.Time) *rate.Limiter {
	shard := &l.shards[maphash.Comparable(l.seed, client)%limitShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if bucket, ok := shard.clients[client]; ok {
		return bucket
	}
	if len(shard.clients) >= clientsOfShard && now.Sub(shard.swept) > time.Second {
		shard.swept = now
		for address, bucket := range shard.clients {
			if bucket.TokensAt(now) >= float64(l.burst) {
				delete(shard.clients, address)
			}
		}
	}
	if len(shard.clients) >= clientsOfShard {
		return shard.rest
	}
	bucket := rate.NewLimiter(l.rate, l.burst)
	shard.clients[client] = bucket
	return bucket
}

// clientAddress is whom a limit counts: who has one IPv6 address usually has 2^64 of them.
func clientAddress(text string) netip.Addr {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{} // those without an address are one client
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.Addr()
		}
	}
	return address
}

// limit refuses a request of a client that sends too many.
func (s *Service) limit(c *gin.Context, l *limiter) {
	if openPaths[c.Request.URL.Path] {
		return
	}
	if wait, ok := l.take(clientAddress(c.ClientIP()), time.Now()); !ok {
		c.Header("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
		s.refuse(c, refusef(http.StatusTooManyRequests, "more than %g requests a second from one address", float64(l.rate)))
	}
}
