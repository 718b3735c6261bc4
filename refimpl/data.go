package refimpl

import (
	"fmt"
	"io"
	"strconv"

	"github.com/chainmail-iot/chainmail/refimpl/disk"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// maxLengthSetting is where the platform keeps its maximum chain length.
const maxLengthSetting = "platform/max-chain-length"

// openRegistry opens the registry, in memory or in the data folder.
func openRegistry(c Config) (*registry.Registry, io.Closer, error) {
	if c.Data == "" {
		if len(c.Tenants) == 0 {
			c.Tenants = DefaultTenants()
		}
		r, err := registry.New(c.Tenants)
		return r, nil, err
	}
	folder, err := disk.Open(disk.Config{Path: c.Data})
	if err != nil {
		return nil, nil, err
	}
	r, err := registry.Open(folder, c.Tenants)
	if err == nil && len(r.Tenants()) == 0 {
		r, err = registry.Open(folder, DefaultTenants())
	}
	return r, folder, err
}

// closeData lets the data folder go, if there is one.
func (p *Platform) closeData() error {
	if p.data == nil {
		return nil
	}
	if err := p.data.Close(); err != nil {
		return fmt.Errorf("close data folder: %w", err)
	}
	return nil
}

// recallMaxLength takes the maximum chain length of the configuration or, where that has none,
// the one that was set last.
func (p *Platform) recallMaxLength() error {
	length := p.config.MaxChainLength
	if length == 0 {
		length = trust.DefaultMaxLength
		if kept, ok := p.registry.Setting(maxLengthSetting); ok {
			var err error
			if length, err = strconv.Atoi(string(kept)); err != nil {
				return fmt.Errorf("read maximum chain length: %w", err)
			}
		}
	}
	p.setMaxLength(length)
	return nil
}

func (p *Platform) maxLength() int { return int(p.maxChainLength.Load()) }

func (p *Platform) setMaxLength(n int) {
	p.maxChainLength.Store(int64(n))
	p.registry.SetSetting(maxLengthSetting, strconv.AppendInt(nil, int64(n), 10))
}
