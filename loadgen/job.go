package loadgen

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// Job is all that a shard needs to know. The coordinator puts it into the store
// once; its digest is in every chunk.
type Job struct {
	Plan Plan `json:"plan"`
	// Seed and Moment decide every key and certificate. Who has the seed can sign
	// under the run's CA.
	Seed   string    `json:"seed"`
	Moment time.Time `json:"moment"`
	Shards int       `json:"shards"`
	// Fleet is the path of a packed file of devices. Optional: they come from the seed.
	Fleet  string   `json:"fleet,omitempty"`
	Target Endpoint `json:"target"`
	// Sources are local addresses that devices connect from in turn. Optional: the
	// system chooses.
	Sources []string `json:"sources,omitempty"`
}

// Endpoint is where devices connect to.
type Endpoint struct {
	Address    string `json:"address"`    // host:port of MQTT over TLS
	ServerName string `json:"serverName"` // that the server's certificate must bear
	// Roots are the devices' trust anchors for servers, in PEM. Empty: the system's.
	Roots string `json:"roots,omitempty"`
	// HTTP is the base URL for requests with a token, and HTTPRoots as Roots. Optional.
	HTTP      string `json:"http,omitempty"`
	HTTPRoots string `json:"httpRoots,omitempty"`
}

// Names of objects in the store of a run. Those of chunks are of the package measure.
const (
	// JobObject is the Job, put before anything else.
	JobObject = "plan"
	// GoObject is the [Go] that starts the shards.
	GoObject = "go"
	// EndObject is the [End] that ends them.
	EndObject = "end"
	// ReadyPrefix is of the [Ready] of a shard: ready/<shard>.<attempt>.
	ReadyPrefix = "ready/"
)

// Ready says that a shard waits for Go.
type Ready struct {
	Shard   int `json:"shard"`
	Attempt int `json:"attempt"`
	PID     int `json:"pid"`
	Devices int `json:"devices"` // of the shard
}

// Go gives the moment that all pacers count from.
type Go struct {
	Start time.Time `json:"start"`
}

// End tells shards to let their devices go and to put their last chunk.
type End struct {
	Why string `json:"why"`
	// Abort gives up what is under way; without it that is awaited.
	Abort bool `json:"abort"`
}

// Encode returns the form in which a Job is stored, and its digest.
func (j *Job) Encode() (data []byte, digest [32]byte, err error) {
	if data, err = json.Marshal(j); err != nil {
		return nil, digest, fmt.Errorf("encode job: %w", err)
	}
	return data, sha256.Sum256(data), nil
}

// DecodeJob reads what Encode made.
func DecodeJob(data []byte) (*Job, [32]byte, error) {
	var j Job
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, [32]byte{}, fmt.Errorf("read job: %w", err)
	}
	if _, err := certfactory.ParseSeed(j.Seed); err != nil {
		return nil, [32]byte{}, fmt.Errorf("read job: %w", err)
	}
	if j.Shards < 1 || j.Plan.Devices < 1 {
		return nil, [32]byte{}, errors.New("read job: no shards or no devices")
	}
	return &j, sha256.Sum256(data), nil
}

// Factory returns the factory of the run's keys and certificates.
func (j *Job) Factory() *certfactory.Factory {
	seed, _ := certfactory.ParseSeed(j.Seed) // was parsed before
	return certfactory.New(seed, j.Moment)
}

// Devices returns how many devices a shard has: those whose number modulo the
// number of shards is its own.
func (j *Job) Devices(shard int) int { return (j.Plan.Devices - shard + j.Shards - 1) / j.Shards }

// Pool returns the trust store in PEM; nil, which means the system's, if it is empty.
func Pool(text string) (*x509.CertPool, error) {
	if text == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, errors.New("read trust store: no certificate in PEM")
	}
	return pool, nil
}
