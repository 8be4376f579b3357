// The gateway in front of an upstream of another wire: Chat clients, answered by Anthropic Messages.
import { serveGateway } from './boot.ts';

serveGateway('anthropic-messages');
