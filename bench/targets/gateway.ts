// The gateway in front of an upstream of the client's own wire: bytes pass through.
import { serveGateway } from './boot.ts';

serveGateway('openai-chat');
