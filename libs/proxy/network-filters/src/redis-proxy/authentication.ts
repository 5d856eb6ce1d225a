import { timingSafeEqual } from 'node:crypto';
import { errorOf, simple, type RespText } from '@weft/net-redis';
import type { RedisProxyConfig } from './config.decode.ts';

const OK = simple('OK');

/** Whether one client may send commands. */
export class Authentication {
  private readonly config: Pick<RedisProxyConfig, 'username' | 'passwords'>;
  allowed: boolean;

  constructor(config: Pick<RedisProxyConfig, 'username' | 'passwords'>) {
    this.config = config;
    this.allowed = config.username === '' && config.passwords.length === 0;
  }

  /** AUTH password. */
  withPassword(password: Buffer): RespText {
    if (this.config.passwords.length === 0) return errorOf('ERR Client sent AUTH, but no password is set');
    this.allowed = this.isPassword(password);
    return this.allowed ? OK : errorOf('ERR invalid password');
  }

  /** AUTH username password. Without a user name configured, `default` is it, as in Redis. */
  withUsername(username: Buffer, password: Buffer): RespText {
    const { config } = this;
    if (config.username === '' && config.passwords.length === 0)
      return errorOf('ERR Client sent AUTH, but no username-password pair is set');
    const wanted = config.username === '' ? 'default' : config.username;
    this.allowed = username.toString() === wanted && this.isPassword(password);
    return this.allowed ? OK : errorOf('WRONGPASS invalid username-password pair');
  }

  private isPassword(given: Buffer): boolean {
    return this.config.passwords.some((password) => {
      const wanted = Buffer.from(password);
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    });
  }
}
